// SPDX-License-Identifier: Apache-2.0

/// Reads the metadata of a whole file, one object after another, without recursion.
struct FileWalk {
    /// Limits for files of unknown origin.
    static let mostObjects = 1 << 20
    static let deepestPath = 64
    static let mostPaths = 1 << 21

    let reader: MetadataReader
    let superblock: Superblock
    private(set) var nodes: [Node] = []
    private var indices: [Int: Int] = [:]
    /// How each object was found first: the index of its group, and its name there.
    private var origins: [(parent: Int, name: String)] = []
    private var addresses: [Int] = []

    init(_ superblock: Superblock, _ reader: MetadataReader) {
        self.superblock = superblock
        self.reader = reader
    }

    /// - Throws: ``HDF5Error`` that names the object at fault.
    mutating func run() throws(HDF5Error) {
        _ = try enqueue(superblock.rootAddress, parent: 0, name: "")
        while nodes.count < addresses.count {
            let index = nodes.count
            let isPlain = reader.foreignFeature == nil
            let flaws = reader.flaws.count
            do throws(HDF5Error) {
                nodes.append(try node(at: addresses[index], index: index))
                if isPlain, let feature = reader.foreignFeature {
                    reader.foreignFeature = feature.located(object: path(of: index))
                }
                for flaw in flaws..<reader.flaws.count {
                    reader.flaws[flaw] = reader.flaws[flaw].located(object: path(of: index))
                }
            } catch {
                throw error.located(object: path(of: index))
            }
        }
        guard case .group = nodes[0] else {
            throw HDF5Error(.damaged, object: "/", "the root is not a group")
        }
        try checkPaths()
    }

    /// The index of the object at an address, which is read later unless it was seen before.
    private mutating func enqueue(
        _ address: Int, parent: Int, name: String
    ) throws(HDF5Error) -> Int {
        if let known = indices[address] { return known }
        guard addresses.count < Self.mostObjects else {
            throw .limit("the file has more than \(Self.mostObjects) objects")
        }
        indices[address] = addresses.count
        addresses.append(address)
        origins.append((parent, name))
        return addresses.count - 1
    }

    private func path(of index: Int) -> String {
        var names: [String] = []
        var current = index
        while current != 0 {
            names.append(origins[current].name)
            current = origins[current].parent
        }
        return "/" + names.reversed().joined(separator: "/")
    }

    private mutating func node(at address: Int, index: Int) throws(HDF5Error) -> Node {
        let header = try ObjectHeader(at: address, reader)
        let attributes = try header.attributes(reader)
        if header.first(.symbolTable) != nil || header.first(.linkInfo) != nil {
            let links = try links(header)
            return .group(try group(links, attributes, address: address, index: index))
        }
        guard let datatype = header.first(.datatype) else {
            throw .unsupported("an object that is neither a group, a dataset nor a datatype")
        }
        if header.first(.dataspace) == nil {
            return .datatype(
                DatatypeNode(
                    address: address, datatype: try reader.datatype(datatype),
                    attributes: attributes))
        }
        return .dataset(
            try DatasetNode(at: address, header, attributes: attributes, superblock, reader))
    }

    private func links(_ header: ObjectHeader) throws(HDF5Error) -> [ParsedLink] {
        var links: [ParsedLink] = []
        for message in header.messages {
            switch message.type {
            case .symbolTable:
                links += try SymbolTable.links(message: message, superblock, reader)
            case .link:
                var cursor = try message.unsharedCursor("link")
                links.append(try ParsedLink(parsing: &cursor))
                try reader.copy(links[links.count - 1].name.utf8.count)
            case .linkInfo:
                var cursor = message.cursor
                try DenseLinks.read(&cursor, into: &links, reader)
            default: continue
            }
        }
        return links
    }

    private mutating func group(
        _ links: [ParsedLink], _ attributes: [HDF5Attribute], address: Int, index: Int
    ) throws(HDF5Error) -> GroupNode {
        var members: [GroupNode.Member] = []
        members.reserveCapacity(links.count)
        for link in links.sorted(by: {
            $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
        }) {
            guard !link.name.isEmpty, link.name != ".",
                !link.name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") })
            else { throw .damaged("a link cannot be called \"\(link.name)\"") }
            guard members.last?.name.utf8.elementsEqual(link.name.utf8) != true else {
                throw .damaged("two links are called \"\(link.name)\"")
            }
            switch link.target {
            case .hard(let address):
                let child = try enqueue(address, parent: index, name: link.name)
                members.append(GroupNode.Member(name: link.name, target: .object(child)))
            case .soft(let path):
                members.append(GroupNode.Member(name: link.name, target: .soft(path)))
            case .external(let file, let path):
                members.append(
                    GroupNode.Member(name: link.name, target: .external(file: file, path: path)))
            case .userDefined(let kind):
                members.append(GroupNode.Member(name: link.name, target: .userDefined(kind)))
            }
        }
        return GroupNode(address: address, members: members, attributes: attributes)
    }

    /// Makes sure that everyone who follows the links comes to an end: no cycles, no path too
    /// long, and not so many ways through shared groups that listing them all takes for ever.
    private func checkPaths() throws(HDF5Error) {
        var incoming = [Int](repeating: 0, count: nodes.count)
        for case .group(let group) in nodes {
            for child in group.children { incoming[child] += 1 }
        }
        guard incoming[0] == 0 else {
            throw HDF5Error(.unsupported, "hard links form a cycle through the root group")
        }
        var depth = [Int](repeating: 0, count: nodes.count)
        var paths = [Int](repeating: 0, count: nodes.count)
        paths[0] = 1
        var total = 1
        var ready = [0]
        var done = 0
        while let index = ready.popLast() {
            done += 1
            guard case .group(let group) = nodes[index] else { continue }
            for child in group.children {
                depth[child] = max(depth[child], depth[index] + 1)
                paths[child] += paths[index]
                total += paths[index]
                guard depth[child] <= Self.deepestPath else {
                    throw HDF5Error(
                        .limit, object: path(of: index),
                        "groups are nested more than \(Self.deepestPath) deep")
                }
                guard total <= Self.mostPaths else {
                    throw HDF5Error(.limit, "hard links make more than \(Self.mostPaths) paths")
                }
                incoming[child] -= 1
                if incoming[child] == 0 { ready.append(child) }
            }
        }
        guard done == nodes.count else {
            let index = incoming.firstIndex { $0 > 0 } ?? 0
            throw HDF5Error(.unsupported, object: path(of: index), "hard links form a cycle")
        }
    }
}

/// An object of a file.
enum Node: Sendable {
    case group(GroupNode)
    case dataset(DatasetNode)
    case datatype(DatatypeNode)
}

struct GroupNode: Sendable {
    let address: Int
    /// By name.
    let members: [Member]
    let attributes: [HDF5Attribute]

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
