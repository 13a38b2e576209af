// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import HDF5
internal import Tensors

/// What rewriting a store has come to.
public struct StoreCompaction: Hashable, Sendable {
    /// The store's path, once symbolic links are followed.
    public let path: String
    /// The size of the file before.
    public let bytesBefore: Int
    /// The size of the file that has taken its place.
    public let bytesAfter: Int
    /// Objects in it, however many names each has.
    public let objectCount: Int
}

extension Store {
    /// Writes what a store holds to a new file, without what was removed from it, and puts that in
    /// its place.
    ///
    /// Everything else stays: names, digests, dates, metadata, references, attributes, and that
    /// two names are one object. The new file is verified in full before it takes the place of the
    /// old one, in one step: whatever happens, the path leads to the one or the other, whole. The
    /// disk needs room for both. Views of the old file stay valid; other writers are kept out.
    ///
    /// - Throws: ``StoreError`` when something in the store is damaged, naming it, when another
    ///   program writes to it, or when the file system refuses.
    public static func compact(path: String) throws(StoreError) -> StoreCompaction {
        let path = try resolved(path)
        // A file that is no store is left exactly as it is: no journal is applied to it.
        _ = try Store.open(path: path)
        let old = try inFile(path) { () throws(HDF5Error) in try HDF5Writer.open(path: path) }
        defer { old.close() }
        let store = try Store.open(path: path)
        if let problem = store.verify(full: false).first {
            throw problem.refusal(.malformed, file: path)
        }
        let bytesBefore = store.file.region.count
        let new = try inFile(path) { () throws(HDF5Error) in
            try HDF5Writer.create(replacing: path)
        }
        defer { new.close() }
        let copy = try store.rewrite(old, to: new)
        return StoreCompaction(
            path: path, bytesBefore: bytesBefore, bytesAfter: copy.file.region.count,
            objectCount: Set(copy.entries.map(\.identity)).count)
    }

    /// Copies what this store holds, verifies the copy, and lets it take its place.
    ///
    /// - Parameters:
    ///   - old: the store's file.
    ///   - new: an empty one.
    /// - Returns: the copy.
    func rewrite(_ old: HDF5Writer, to new: HDF5Writer) throws(StoreError) -> Store {
        let draft: HDF5File
        do throws(HDF5Error) {
            try new.copyContents(of: old, root: file.root)
            draft = try new.draft()
        } catch {
            let problem = StoreProblem(object: error.object, problem: error.reason)
            throw problem.refusal(.file, file: path)
        }
        let copy = try Store.open(draft, path: path)
        if let problem = copy.verify(full: true).first {
            throw problem.refusal(.malformed, file: path)
        }
        guard copy.inventory == inventory else {
            throw StoreError(.file, file: path, "the copy does not list what the store lists")
        }
        try Self.inFile(path) { () throws(HDF5Error) in try new.commit() }
        return copy
    }

    /// What is listed under which names; names of one object stand together.
    private var inventory: Set<[StoreEntry]> {
        Set(
            Dictionary(grouping: entries, by: \.identity).values.map { names in
                names.map { $0.identified(by: 0) }
            })
    }

    private static func inFile<Value>(
        _ path: String, _ body: () throws(HDF5Error) -> Value
    ) throws(StoreError) -> Value {
        do throws(HDF5Error) {
            return try body()
        } catch {
            throw StoreError(error, file: path)
        }
    }

    /// The file that a path leads to, also through symbolic links: a link stays one.
    private static func resolved(_ path: String) throws(StoreError) -> String {
        guard let resolved = realpath(path, nil) else {
            throw StoreError(
                .file, file: path, "cannot open: \(String(cString: strerror(errno)))")
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

extension StoreProblem {
    /// Why a store is not rewritten.
    fileprivate func refusal(_ kind: StoreError.Kind, file: String) -> StoreError {
        StoreError(
            kind, file: file, object: object.isEmpty ? nil : object,
            "\(problem); the store was left as it is")
    }
}
