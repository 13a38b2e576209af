// SPDX-License-Identifier: Apache-2.0

/// An object of a file.
enum Node: Sendable {
    case group(GroupNode)
    case dataset(DatasetNode)
    case datatype(DatatypeNode)
    case unread(UnreadNode)
}

/// An object whose header could not be read to the end.
struct UnreadNode: Sendable {
    let address: Int
    /// Names the object by the path on which it was found first.
    let error: HDF5Error
}

struct GroupNode: Sendable {
    let address: Int
    /// By name.
    let members: [Member]
    let attributes: [HDF5Attribute]
    /// What kept the rest of the members from being read, where damage is tolerated.
    let damage: HDF5Error?

    struct Member: Sendable {
        let name: String
        let target: Target
    }

    enum Target: Sendable {
        /// The index of a node.
        case object(Int)
        case soft(String)
        case external(file: String, path: String)
        case userDefined(Int)
    }

    /// The indices of the nodes that hard links lead to.
    var children: some Sequence<Int> {
        members.lazy.compactMap { member in
            if case .object(let index) = member.target { index } else { nil }
        }
    }
}

struct DatatypeNode: Sendable {
    let address: Int
    let datatype: HDF5Datatype
    let attributes: [HDF5Attribute]
}
