// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import HDF5
public import Tensors

/// Appends to a store, one transaction at a time.
///
/// What is appended, linked or removed takes effect together, at ``commit()``: before it returns
/// nothing has changed for anybody, after it the change survives a crash. One process writes at a
/// time; a second one is refused. Use from one thread at a time.
public final class StoreWriter {
    /// The store's path.
    public let path: String
    let file: HDF5Writer
    /// The names as they will be after the next commit.
    var catalogue: StoreCatalogue
    /// Arrays that identical ones may be linked to, by digest; found when first needed.
    var sharedArrays: [Digest: String]?
    /// Why nothing more can be committed, once a write has failed half-way.
    private var failure: StoreError?
    private var isOpen = true
    private var lastIdentity = 0

    private init(path: String, file: HDF5Writer, catalogue: StoreCatalogue) {
        self.path = path
        self.file = file
        self.catalogue = catalogue
    }

    deinit { close() }

    /// Makes a new, empty store.
    ///
    /// - Throws: ``StoreError`` when the file exists or cannot be made.
    public static func create(path: String) throws(StoreError) -> StoreWriter {
        typealias Attribute = StoreFormat.Attribute
        do throws(HDF5Error) {
            let file = try HDF5Writer.create(path: path)
            try file.setAttribute(.string(StoreFormat.name), named: Attribute.format, at: "/")
            try file.setAttribute(
                .integer(Int64(StoreFormat.version)), named: Attribute.version, at: "/")
            try file.setAttribute(.string(StoreFormat.writer), named: Attribute.writer, at: "/")
            for kind in ObjectKind.allCases { try file.createGroup("/" + kind.groupName) }
            try file.commit()
            return StoreWriter(path: path, file: file, catalogue: StoreCatalogue())
        } catch {
            throw StoreError(error, file: path)
        }
    }

    /// Opens a store to append to it; a commit that a crash interrupted is completed or undone.
    ///
    /// - Throws: ``StoreError`` when the file is missing, damaged or not a store, or another
    ///   process writes to it.
    public static func open(path: String) throws(StoreError) -> StoreWriter {
        // Before the file is touched: a file that is no store, or one from the future, is left
        // exactly as it is.
        let state = FileState(path: path)
        let store = try Store.open(path: path)
        let file: HDF5Writer
        do throws(HDF5Error) {
            file = try HDF5Writer.open(path: path)
        } catch {
            throw StoreError(error, file: path)
        }
        do throws(StoreError) {
            // Somebody may have committed before the lock was ours.
            let isSame = state != nil && state == FileState(path: path)
            let current = isSame ? store : try Store.open(path: path)
            return StoreWriter(path: path, file: file, catalogue: current.catalogue)
        } catch {
            file.close()
            throw error
        }
    }

    /// Opens the store, or makes it when there is no such file.
    public static func openOrCreate(path: String) throws(StoreError) -> StoreWriter {
        access(path, F_OK) == 0 ? try open(path: path) : try create(path: path)
    }

    /// Makes everything since the last commit durable, all of it or nothing.
    ///
    /// - Throws: ``StoreError`` when the file system refuses; the store is then as it was, and
    ///   this writer can only be closed.
    public func commit() throws(StoreError) {
        try checkUsable()
        try perform { (file) throws(HDF5Error) in try file.commit() }
    }

    /// Gives up what has not been committed and lets others write.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        file.close()
    }

    /// The names there will be after the next commit.
    public var entries: [StoreEntry] { catalogue.all }

    public func entry(_ kind: ObjectKind, named name: String) -> StoreEntry? {
        catalogue[kind, name]
    }

    /// Everything that has this digest, under every name.
    public func entries(withDigest digest: Digest) -> [StoreEntry] {
        catalogue.named(by: digest)
    }

    /// Runs one step of a transaction. When it fails, part of the transaction may be in the
    /// file's tail, so no later commit may let it in.
    func perform(
        _ body: (HDF5Writer) throws(HDF5Error) -> Void
    ) throws(StoreError) {
        do throws(HDF5Error) {
            try body(file)
        } catch {
            let storeError = StoreError(error, file: path)
            // A commit that could not get the lock has lost nothing and can be tried again.
            if error.kind != .locked { failure = storeError }
            throw storeError
        }
    }

    var isUsable: Bool { isOpen && failure == nil }

    func checkUsable() throws(StoreError) {
        guard isOpen else { throw StoreError(.file, file: path, "the store was closed") }
        if let failure {
            throw StoreError(
                failure.kind, file: path, object: failure.object,
                "an earlier write failed (\(failure.problem)), so nothing more is committed")
        }
    }

    /// An identity for an object made by this writer; stored ones are addresses, not negative.
    func makeIdentity() -> Int {
        lastIdentity -= 1
        return lastIdentity
    }
}

/// What changes in a file's status with every commit, because each one makes the file longer.
private struct FileState: Equatable {
    let device: UInt
    let inode: UInt
    let size: Int
    let seconds: Int
    let nanoseconds: Int

    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }
}
