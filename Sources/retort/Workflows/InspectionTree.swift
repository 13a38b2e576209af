// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import HDF5
import Interchange
import Tensors

/// The tree of a store or of an HDF5 file.
struct TreeInspection {
    struct Line {
        let path: String
        let depth: Int
        let content: Content
    }

    enum Content {
        case group(members: Int)
        case dataset(HDF5Dataset)
        case other(String)
        /// A second name of something listed above.
        case alias(of: String)
    }

    let path: String
    let fileByteCount: Int
    let file: HDF5File
    let store: Store?
    /// The object asked for; nil for the whole file.
    let object: HDF5Object?
    /// Everything below the object, in the order of the file's names.
    let lines: [Line]
    /// Content digests by dataset path, where a store's manifests say them.
    let digests: [String: Digest]

    var format: WeightFormat { store == nil ? .hdf5 : .store }

    /// - Parameter object: a path in the file, or the name of an object of a store.
    init(path: String, object: String?) throws {
        try self.init(HDF5File(path: path), object: object)
    }

    /// Nil when the file is no store.
    static func ofStore(_ path: String, object: String?) throws -> TreeInspection? {
        guard let file = try? HDF5File(path: path), isStore(file) else { return nil }
        return try TreeInspection(file, object: object)
    }

    private init(_ file: HDF5File, object name: String?) throws {
        path = file.path
        self.file = file
        fileByteCount = file.region.count
        store = Self.isStore(file) ? try Store.open(path: file.path) : nil
        if let name {
            object = try Self.find(name, in: file, store: store)
        } else {
            object = nil
        }
        lines = Self.walk(object ?? .group(file.root))
        digests = try store.map { try Self.digests(of: $0) } ?? [:]
    }

    private static func isStore(_ file: HDF5File) -> Bool {
        (try? file.root.attribute("format")?.string()) == WeightFormat.store.rawValue
    }

    private static func find(_ name: String, in file: HDF5File, store: Store?) throws -> HDF5Object
    {
        if let object = file.object(at: name) { return object }
        if let store {
            let reference = try ObjectReference(name, in: store.entries, file: file.path)
            if let object = file.object(at: reference.kind.path(of: reference.name)) {
                return object
            }
        }
        throw Failure(
            "\(file.path): has no object '\(name)'; the root holds "
                + file.root.names.joined(separator: ", "))
    }

    private static func walk(_ start: HDF5Object) -> [Line] {
        var lines: [Line] = []
        var seen: [Int: String] = [:]
        // A stack, because a hostile file may be deep.
        var pending: [(object: HDF5Object, path: String, depth: Int)] = [(start, start.path, 0)]
        while let (object, path, depth) = pending.popLast() {
            if let address = object.address, let first = seen.updateValue(path, forKey: address) {
                seen[address] = first
                lines.append(Line(path: path, depth: depth, content: .alias(of: first)))
                continue
            }
            switch object {
            case .group(let group):
                lines.append(Line(path: path, depth: depth, content: .group(members: group.count)))
                for member in group.members.reversed() {
                    pending.append((member.object, member.object.path, depth + 1))
                }
            case .dataset(let dataset):
                lines.append(Line(path: path, depth: depth, content: .dataset(dataset)))
            case .datatype(let type):
                lines.append(
                    Line(path: path, depth: depth, content: .other("datatype \(type.datatype)")))
            case .link(let link):
                lines.append(
                    Line(path: path, depth: depth, content: .other(link.summary)))
            case .unread(let object):
                let text = "cannot be read: \(object.error.reason)"
                lines.append(Line(path: path, depth: depth, content: .other(text)))
            }
        }
        return lines
    }

    private static func digests(of store: Store) throws -> [String: Digest] {
        var digests: [String: Digest] = [:]
        for entry in store.entries {
            let name = entry.name.description
            let (folder, manifest): (String, [ManifestEntry]) =
                switch entry.kind {
                case .checkpoint:
                    (entry.path + "/tensors", try store.checkpoint(named: name).manifest)
                case .softLabels: (entry.path, try store.softLabels(named: name).manifest)
                case .adversarialSet: (entry.path, try store.adversarialSet(named: name).manifest)
                case .dataset: (entry.path, try store.dataset(named: name).manifest)
                }
            for tensor in manifest { digests[folder + "/" + tensor.name] = tensor.digest }
        }
        return digests
    }
}

extension HDF5Object {
    var path: String {
        switch self {
        case .group(let group): group.path
        case .dataset(let dataset): dataset.path
        case .datatype(let type): type.path
        case .link(let link): link.path
        case .unread(let object): object.path
        }
    }

    /// What tells hard-linked names of one object from different objects.
    var address: Int? {
        switch self {
        case .group(let group): group.address
        case .dataset(let dataset): dataset.address
        case .unread(let object): object.address
        case .datatype, .link: nil
        }
    }
}

extension HDF5Link {
    /// Links are listed, never followed.
    var summary: String {
        switch kind {
        case .soft: "soft link to \(target), not followed"
        case .external(let file): "external link to \(target) in \(file), not followed"
        case .userDefined(let kind): "user-defined link of class \(kind), not followed"
        }
    }
}
