// SPDX-License-Identifier: Apache-2.0

internal import HDF5
internal import Tensors

/// What can still be read of a store that damage keeps from being used.
struct DamagedStore {
    /// An object whose digests hold, and its names.
    struct SoundObject {
        let object: StoredObject
        let names: [String]
    }

    private(set) var sound: [SoundObject] = []
    private(set) var lost: [StoreProblem] = []
    private let path: String
    /// Digests computed so far: arrays may be shared.
    private var arrays: [Int: Digest] = [:]
    /// Addresses of objects that have been looked at.
    private var seen: Set<Int> = []
    /// Paths of sound objects.
    private var taken: Set<String> = []

    /// Looks at every object of the store.
    ///
    /// - Throws: ``StoreError`` when the file cannot be read, is no store, or has nothing in it.
    init(path: String) throws(StoreError) {
        self.path = path
        let file: HDF5File
        do throws(HDF5Error) {
            file = try HDF5File(path: path, tolerance: .damage)
        } catch {
            guard [.damaged, .notHDF5, .limit, .unsupported].contains(error.kind) else {
                throw StoreError(error, file: path)
            }
            try search()
            guard !sound.isEmpty else { throw StoreError(error, file: path) }
            lost.append(StoreProblem(object: "/", problem: error.reason + Self.nameless))
            return
        }
        try examine(try Store.open(file, path: path, isDamaged: true))
    }

    private static let nameless =
        "; objects were searched for, and those found without a name, which may have been removed, "
        + "are called 'recovered-'"

    private mutating func examine(_ store: Store) throws(StoreError) {
        lost = store.unlisted
        for entry in store.entries where seen.insert(entry.identity).inserted {
            let names = [entry] + store.otherNames(of: entry)
            do throws(StoreError) {
                try examine(try store.object(entry), names: names.map(\.name.description))
            } catch {
                lost += names.map { StoreProblem(object: $0.path, problem: error.problem) }
            }
        }
        let lists = ObjectKind.allCases.compactMap { "/" + $0.groupName }
        for index in lost.indices where lists.contains(lost[index].object) {
            let list = lost[index]
            lost[index] = StoreProblem(
                object: list.object, problem: list.problem + Self.nameless)
        }
        if lost.contains(where: { lists.contains($0.object) }) { try search() }
    }

    /// Takes an object whose structure and digests are sound.
    ///
    /// - Throws: ``StoreError`` with what is wrong with it.
    private mutating func examine(_ object: StoredObject, names: [String]) throws(StoreError) {
        if let problem = try object.problems(full: true, seen: &arrays).first {
            let own = problem.object == object.entry.path
            throw StoreError(
                .malformed, file: path, own ? problem.problem : problem.description)
        }
        sound.append(SoundObject(object: object, names: names))
        taken.formUnion(names.map { object.entry.kind.path(of: $0) })
    }

    /// Looks for objects by the signatures of their headers, where the lists of names are lost.
    private mutating func search() throws(StoreError) {
        let region: ByteRegion
        do throws(TensorError) {
            region = try ByteRegion(mappingFile: path)
        } catch {
            throw StoreError(.file, file: path, error.description)
        }
        let groups = HDF5File.groups(in: region, name: path)
        let isObject = { (group: HDF5Group) in
            group.attribute(StoreFormat.Attribute.recordDigest) != nil
        }
        // Lists first, because they know the names.
        for list in groups where !isObject(list) {
            let objects = list.members.compactMap(\.object.group).filter(isObject)
            let byAddress = Dictionary(grouping: objects, by: \.address).sorted { $0.key < $1.key }
            for (address, named) in byAddress where seen.insert(address).inserted {
                recover(named[0], names: named.map { String($0.path.dropFirst()) })
            }
        }
        for group in groups where isObject(group) && seen.insert(group.address).inserted {
            recover(group, names: [])
        }
    }

    /// Takes an object that was found without the way to it, if it is sound.
    ///
    /// - Parameter names: what lists call it; empty where nothing names it any more.
    private mutating func recover(_ group: HDF5Group, names: [String]) {
        let kind = Self.kind(of: group)
        var names = names.filter {
            ObjectName.isValid($0, kind: kind) && !taken.contains(kind.path(of: $0))
        }
        let listed = names
        do throws(StoreError) {
            if names.isEmpty {
                let values = StoredValues(group: group, file: path)
                let digest = try values.digest(StoreFormat.Attribute.digest)
                names = ["recovered-\(digest.short)"]
                // The same content once more.
                guard !taken.contains(kind.path(of: names[0])) else { return }
            }
            let entry = try StoreEntry(kind, name: names[0], group: group, file: path)
            try examine(try StoredObject(entry, group: group, file: path), names: names)
        } catch {
            lost += listed.map { StoreProblem(object: kind.path(of: $0), problem: error.problem) }
        }
    }

    /// What an object must be, by what only that kind has. Its record digest says whether it is.
    private static func kind(of group: HDF5Group) -> ObjectKind {
        if group.attribute(Reference.Relation.teacher.digestAttribute) != nil { return .softLabels }
        if group.attribute(Reference.Relation.source.digestAttribute) != nil {
            return .adversarialSet
        }
        return group[StoreFormat.Member.tensors] == nil ? .dataset : .checkpoint
    }
}
