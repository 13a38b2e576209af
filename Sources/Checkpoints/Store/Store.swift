// SPDX-License-Identifier: Apache-2.0

internal import HDF5
public import Tensors

/// A view of one committed state of a store.
///
/// Opening reads and checks the whole structure; tensors are handed out as views of the mapped
/// file. A store that is being written beside it does not change what this view shows: open
/// again to see what has been committed since.
public final class Store: Sendable {
    /// The path the store was opened at.
    public let path: String
    /// The program that made the store.
    public let writer: String
    /// Objects that cannot be listed, and why. The others can be used.
    public let unlisted: [StoreProblem]
    let file: HDF5File
    let catalogue: StoreCatalogue

    private init(
        path: String, writer: String, file: HDF5File, catalogue: StoreCatalogue,
        unlisted: [StoreProblem]
    ) {
        self.path = path
        self.writer = writer
        self.file = file
        self.catalogue = catalogue
        self.unlisted = unlisted
    }

    /// Opens a store for reading.
    ///
    /// - Throws: ``StoreError`` when the file is missing, truncated or damaged, is not a store, or
    ///   follows a version of the format that this program does not know.
    public static func open(path: String) throws(StoreError) -> Store {
        let file: HDF5File
        do throws(HDF5Error) {
            file = try HDF5File(path: path)
        } catch {
            throw StoreError(error, file: path)
        }
        return try open(file, path: path)
    }

    /// Reads a store whose bytes are at hand; `name` stands for it in messages.
    ///
    /// - Throws: ``StoreError`` as ``open(path:)`` does.
    public static func open(region: ByteRegion, name: String) throws(StoreError) -> Store {
        let file: HDF5File
        do throws(HDF5Error) {
            file = try HDF5File(region: region, name: name)
        } catch {
            throw StoreError(error, file: name)
        }
        return try open(file, path: name)
    }

    /// A view of the store that a file holds.
    ///
    /// - Parameter isDamaged: lists what can be listed, where the file was opened in spite of
    ///   damage.
    static func open(
        _ file: HDF5File, path: String, isDamaged: Bool = false
    ) throws(StoreError) -> Store {
        let root = StoredValues(group: file.root, file: path)
        let writer = try checkFormat(of: root)
        var catalogue = StoreCatalogue()
        var unlisted: [StoreProblem] = []
        for kind in ObjectKind.allCases {
            do throws(StoreError) {
                guard file.root.names.contains(kind.groupName) || isDamaged else { continue }
                let list = try root.group(kind.groupName)
                for name in list.group.names {
                    do throws(StoreError) {
                        catalogue[kind, name] = try StoreEntry(
                            kind, name: name, group: list.group(name).group, file: path)
                    } catch {
                        unlisted.append(
                            StoreProblem(object: kind.path(of: name), problem: error.problem))
                    }
                }
                if let damage = list.group.damage { throw StoreError(damage, file: path) }
            } catch {
                guard isDamaged else { throw error }
                unlisted.append(
                    StoreProblem(object: "/" + kind.groupName, problem: error.problem))
            }
        }
        return Store(
            path: path, writer: writer, file: file, catalogue: catalogue, unlisted: unlisted)
    }

    /// - Returns: the program that made the store.
    private static func checkFormat(of root: StoredValues) throws(StoreError) -> String {
        typealias Attribute = StoreFormat.Attribute
        guard root.hasAttribute(Attribute.format) else {
            throw StoreError(
                .notAStore, file: root.file,
                "is an HDF5 file but not a Retort store: found no attribute "
                    + "'\(Attribute.format)', expected '\(StoreFormat.name)'")
        }
        let format = try root.string(Attribute.format)
        guard format == StoreFormat.name else {
            throw StoreError(
                .notAStore, file: root.file,
                "is not a Retort store: found the format '\(format)', "
                    + "expected '\(StoreFormat.name)'")
        }
        guard let version = try root.optionalInteger(Attribute.version) else {
            throw root.malformed("attribute '\(Attribute.version)' is missing")
        }
        guard version == StoreFormat.version else {
            throw StoreError(
                .unsupportedVersion, file: root.file,
                "follows version \(version) of the store format, expected version "
                    + "\(StoreFormat.version); a newer Retort may read it")
        }
        return try root.optionalString(Attribute.writer) ?? ""
    }

    public var checkpoints: [StoreEntry] { catalogue.sorted(.checkpoint) }
    public var softLabels: [StoreEntry] { catalogue.sorted(.softLabels) }
    public var adversarialSets: [StoreEntry] { catalogue.sorted(.adversarialSet) }
    public var datasets: [StoreEntry] { catalogue.sorted(.dataset) }
    /// All objects, kind by kind, each by name.
    public var entries: [StoreEntry] { catalogue.all }

    /// The object of that name, or nil.
    public func entry(_ kind: ObjectKind, named name: String) -> StoreEntry? {
        catalogue[kind, name]
    }

    /// Everything that has this digest, under every name.
    public func entries(withDigest digest: Digest) -> [StoreEntry] {
        catalogue.named(by: digest)
    }

    /// The other names of the object `entry` names: `teacher` of `teacher@3`.
    public func otherNames(of entry: StoreEntry) -> [StoreEntry] {
        catalogue.otherNames(of: entry)
    }

    /// Bytes that the object's arrays take in the file, compressed as they are.
    ///
    /// - Throws: ``StoreError`` when the object contradicts the format.
    public func storedByteCount(of entry: StoreEntry) throws(StoreError) -> Int {
        let object = try object(entry)
        return object.arrays.storedByteCount + (object.state?.storedByteCount ?? 0)
    }

    /// - Throws: ``StoreError`` when there is none, listing the names that there are.
    func object(_ kind: ObjectKind, named name: String) throws(StoreError) -> StoredObject {
        if let entry = catalogue[kind, name] { return try object(entry) }
        let path = kind.path(of: name)
        if let problem = unlisted.first(where: { $0.object == path }) {
            throw StoreError(.malformed, file: self.path, object: path, problem.problem)
        }
        throw .notFound(kind, name, in: catalogue, file: self.path)
    }

    func object(_ entry: StoreEntry) throws(StoreError) -> StoredObject {
        guard case .group(let group)? = file.object(at: entry.path) else {
            throw StoreError(.notFound, file: path, object: entry.path, "is not there")
        }
        return try StoredObject(entry, group: group, file: path)
    }
}

extension StoreError {
    static func notFound(
        _ kind: ObjectKind, _ name: String, in catalogue: StoreCatalogue, file: String
    ) -> StoreError {
        let names = catalogue.sorted(kind).map(\.name.description)
        let found =
            names.isEmpty
            ? "there are none"
            : "found " + names.prefix(12).joined(separator: ", ")
                + (names.count > 12 ? " and \(names.count - 12) more" : "")
        return StoreError(.notFound, file: file, "has no \(kind.title) '\(name)': \(found)")
    }
}
