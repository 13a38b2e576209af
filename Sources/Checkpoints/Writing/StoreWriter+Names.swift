// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import HDF5
public import Tensors

extension StoreWriter {
    /// Gives an object one more name; both lead to the same bytes.
    ///
    /// - Throws: ``StoreError`` when there is no such object or the new name is taken.
    public func link(
        _ kind: ObjectKind, named name: String, as newName: String
    ) throws(StoreError) {
        let entry = try existing(kind, named: name)
        let newName = try freeName(newName, kind: kind)
        try checkUsable()
        try perform { (file) throws(HDF5Error) in
            try file.link(entry.path, at: kind.path(of: newName.description))
        }
        catalogue[kind, newName.description] = entry.renamed(newName)
    }

    /// Makes `alias` a name of the object called `name`, whatever it named before.
    ///
    /// An alias that is the only name of its object is refused, because moving it would lose
    /// the object.
    ///
    /// - Throws: ``StoreError``.
    public func relink(
        _ kind: ObjectKind, alias: String, to name: String
    ) throws(StoreError) {
        let entry = try existing(kind, named: name)
        guard let current = catalogue[kind, alias] else {
            return try link(kind, named: name, as: alias)
        }
        guard current.identity != entry.identity else { return }
        guard !catalogue.otherNames(of: current).isEmpty else {
            throw StoreError(
                .nameTaken, file: path, object: current.path,
                "is the only name of its \(kind.title), so it cannot be moved to '\(name)'")
        }
        try checkUsable()
        forgetSharedArrays(below: current.path)
        try perform { (file) throws(HDF5Error) in
            try file.unlink(current.path)
            try file.link(entry.path, at: current.path)
        }
        catalogue[kind, alias] = entry.renamed(current.name)
    }

    /// Takes a name away. The object stays while it has another name; its bytes stay in the file
    /// until the store is rewritten.
    ///
    /// - Throws: ``StoreError`` when there is no such object.
    public func remove(_ kind: ObjectKind, named name: String) throws(StoreError) {
        let entry = try existing(kind, named: name)
        try checkUsable()
        forgetSharedArrays(below: entry.path)
        try perform { (file) throws(HDF5Error) in try file.unlink(entry.path) }
        catalogue[kind, name] = nil
    }

    /// Copies an object, under its own name or a new one. Digests, time and metadata stay as they
    /// are, and every array is held against its digest on the way.
    ///
    /// - Parameter store: where it is; this store's own objects are linked instead of copied.
    /// - Returns: its digest.
    /// - Throws: ``StoreError`` when it is not there, is damaged, or the name is taken.
    @discardableResult
    public func copy(
        _ kind: ObjectKind, named name: String, from store: Store, as newName: String? = nil
    ) throws(StoreError) -> Digest {
        let target = try freeName(newName ?? name, kind: kind)
        let object = try store.object(kind, named: name)
        try object.checkKind()
        if let problem = try object.digestProblems().first {
            throw StoreError(
                .malformed, file: store.path, object: problem.object, problem.problem)
        }
        if let own = catalogue[kind, name], own.identity == object.entry.identity,
            isSameFile(store)
        {
            try link(kind, named: name, as: target.description)
            return own.digest
        }
        return try stage(object, as: target)
    }

    /// Copies an object whose structure has been checked; each array is held against its digest.
    func stage(_ object: StoredObject, as name: ObjectName) throws(StoreError) -> Digest {
        let draft = try object.draft()
        do throws(ContentProblem) {
            try draft.check()
        } catch {
            throw StoreError(
                .malformed, file: object.file, object: object.entry.path, error.description)
        }
        return try stage(draft, as: name)
    }

    /// A name that the format allows and nothing has.
    func freeName(_ name: String, kind: ObjectKind) throws(StoreError) -> ObjectName {
        let parsed = try ObjectName(name, kind: kind, file: path)
        guard catalogue[kind, name] == nil else {
            throw StoreError(
                .nameTaken, file: path,
                "already has \(kind == .softLabels ? "" : "a ")\(kind.title) '\(name)'; "
                    + "nothing is overwritten")
        }
        return parsed
    }

    private func existing(
        _ kind: ObjectKind, named name: String
    ) throws(StoreError) -> StoreEntry {
        guard let entry = catalogue[kind, name] else {
            throw .notFound(kind, name, in: catalogue, file: path)
        }
        return entry
    }

    private func isSameFile(_ store: Store) -> Bool {
        var mine = stat()
        var other = stat()
        return stat(path, &mine) == 0 && stat(store.path, &other) == 0
            && mine.st_dev == other.st_dev && mine.st_ino == other.st_ino
    }
}
