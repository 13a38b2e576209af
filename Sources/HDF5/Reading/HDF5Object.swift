// SPDX-License-Identifier: Apache-2.0

/// What a path in an HDF5 file leads to.
public enum HDF5Object: Sendable {
    case group(HDF5Group)
    case dataset(HDF5Dataset)
    case datatype(HDF5NamedDatatype)
    /// A link that is listed but never followed.
    case link(HDF5Link)
    /// An object that is there and cannot be read.
    case unread(HDF5UnreadObject)
}

/// An object whose header uses what is not read, is beyond what is accepted or, where damage is
/// tolerated, is damaged.
public struct HDF5UnreadObject: Sendable {
    public let path: String
    /// What tells the object from others: paths with equal addresses are hard links to one.
    public let address: Int
    /// Why it cannot be read; it names the file and the object.
    public let error: HDF5Error
}

extension HDF5Object {
    public var group: HDF5Group? { if case .group(let group) = self { group } else { nil } }
    public var dataset: HDF5Dataset? {
        if case .dataset(let dataset) = self { dataset } else { nil }
    }
}

/// A link to a name instead of an object.
public struct HDF5Link: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// A path in the same file, which may not exist.
        case soft
        /// An object in another file.
        case external(file: String)
        /// A link class that some other program defined.
        case userDefined(Int)
    }

    public let path: String
    public let kind: Kind
    /// The path that the link holds.
    public let target: String
}

/// A datatype that stands in the file under a name of its own.
public struct HDF5NamedDatatype: Sendable {
    public let path: String
    public let datatype: HDF5Datatype
    public let attributes: [HDF5Attribute]
}

/// A group of named objects.
public struct HDF5Group: Sendable {
    let file: HDF5File
    public let path: String
    let node: GroupNode

    public var attributes: [HDF5Attribute] { node.attributes }

    /// What kept the rest of the members from being read, in a file that was opened in spite of
    /// damage.
    public var damage: HDF5Error? {
        node.damage?.located(file: file.path, object: path)
    }

    /// What tells the group from others: paths with equal addresses are hard links to one group.
    public var address: Int { node.address }

    /// The members, sorted by the bytes of their names.
    public var members: [(name: String, object: HDF5Object)] {
        node.members.map { ($0.name, object($0)) }
    }

    /// How many members there are.
    public var count: Int { node.members.count }

    /// The names of the members, sorted by their bytes.
    public var names: [String] { node.members.map(\.name) }

    /// The member of that name.
    public subscript(name: String) -> HDF5Object? {
        var low = 0
        var high = node.members.count
        while low < high {
            let middle = (low + high) / 2
            if node.members[middle].name.utf8.lexicographicallyPrecedes(name.utf8) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < node.members.count, node.members[low].name.utf8.elementsEqual(name.utf8)
        else { return nil }
        return object(node.members[low])
    }

    /// The attribute of that name.
    public func attribute(_ name: String) -> HDF5Attribute? {
        attributes.first { $0.name == name }
    }

    private func object(_ member: GroupNode.Member) -> HDF5Object {
        let path = path == "/" ? "/" + member.name : self.path + "/" + member.name
        switch member.target {
        case .object(let index):
            switch file.nodes[index] {
            case .group(let node): return .group(HDF5Group(file: file, path: path, node: node))
            case .dataset(let node):
                return .dataset(HDF5Dataset(file: file, path: path, node: node))
            case .datatype(let node):
                return .datatype(
                    HDF5NamedDatatype(
                        path: path, datatype: node.datatype, attributes: node.attributes))
            case .unread(let node):
                return .unread(
                    HDF5UnreadObject(
                        path: path, address: node.address,
                        error: node.error.located(file: file.path)))
            }
        case .soft(let target):
            return .link(HDF5Link(path: path, kind: .soft, target: target))
        case .external(let file, let target):
            return .link(HDF5Link(path: path, kind: .external(file: file), target: target))
        case .userDefined(let kind):
            return .link(HDF5Link(path: path, kind: .userDefined(kind), target: ""))
        }
    }
}
