// SPDX-License-Identifier: Apache-2.0

/// Reads the metadata of a whole file, one object after another, without recursion.
struct FileWalk {
    let reader: MetadataReader
    let superblock: Superblock
    let tolerance: HDF5Tolerance
    private(set) var nodes: [Node] = []
    private var indices: [Int: Int] = [:]
    /// How each object was found first: the index of its group, and its name there.
    private var origins: [(parent: Int, name: String)] = []
    private var addresses: [Int] = []

    init(_ superblock: Superblock, _ reader: MetadataReader, _ tolerance: HDF5Tolerance) {
        self.superblock = superblock
        self.reader = reader
        self.tolerance = tolerance
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
        if tolerance == .none { try checkDisjoint() }
    }

    /// Whether the walk goes on without an object that could not be read. A feature or a size that
    /// is not accepted is that object's own; damage casts doubt on everything.
    private func isTolerated(_ error: HDF5Error, index: Int) -> Bool {
        guard index > 0 else { return false }
        return switch error.kind {
        case .unsupported, .limit: true
        default: tolerance == .damage
        }
    }

    /// The index of the object at an address, which is read later unless it was seen before.
    private mutating func enqueue(
        _ address: Int, parent: Int, name: String
    ) throws(HDF5Error) -> Int {
        if let known = indices[address] { return known }
        guard addresses.count < ReadingGuard.mostObjects else {
            throw .limit("the file has more than \(ReadingGuard.mostObjects) objects")
        }
        indices[address] = addresses.count
        addresses.append(address)
        origins.append((parent, name))
        return addresses.count - 1
    }

    func path(of index: Int) -> String {
        var names: [String] = []
        var current = index
        while current != 0 {
            names.append(origins[current].name)
            current = origins[current].parent
        }
        return "/" + names.reversed().joined(separator: "/")
    }

    private mutating func node(at address: Int, index: Int) throws(HDF5Error) -> Node {
        let attributes: [HDF5Attribute]
        var links: [ParsedLink] = []
        var damage: HDF5Error?
        do throws(HDF5Error) {
            let header = try reader.header(at: address)
            attributes = try header.attributes(reader)
            guard header.first(.symbolTable) != nil || header.first(.linkInfo) != nil else {
                return try leaf(header, attributes, address: address)
            }
            do throws(HDF5Error) {
                try readLinks(header, into: &links)
            } catch {
                // What was read of the list before it broke leads on.
                guard tolerance == .damage else { throw error }
                damage = error
                links.removeAll { (try? ReadingGuard.check(linkName: $0.name)) == nil }
            }
        } catch {
            guard isTolerated(error, index: index) else { throw error }
            reader.note(foreign: "an object that cannot be read is not written here")
            return .unread(
                UnreadNode(address: address, error: error.located(object: path(of: index))))
        }
        return .group(
            GroupNode(
                address: address, members: try members(links, index: index),
                attributes: attributes, damage: damage))
    }

    private func leaf(
        _ header: ObjectHeader, _ attributes: [HDF5Attribute], address: Int
    ) throws(HDF5Error) -> Node {
        guard let datatype = header.first(.datatype) else {
            throw .unsupported("an object that is neither a group, a dataset nor a datatype")
        }
        if header.first(.dataspace) == nil {
            let named = try reader.datatype(datatype)
            reader.keep(header, ofDatatype: named, at: address)
            return .datatype(
                DatatypeNode(address: address, datatype: named, attributes: attributes))
        }
        return .dataset(
            try DatasetNode(at: address, header, attributes: attributes, superblock, reader))
    }

    private func readLinks(
        _ header: ObjectHeader, into links: inout [ParsedLink]
    ) throws(HDF5Error) {
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
        for link in links { try ReadingGuard.check(linkName: link.name) }
    }

    /// The members of a group, sorted by the bytes of their names; objects are read later.
    private mutating func members(
        _ links: [ParsedLink], index: Int
    ) throws(HDF5Error) -> [GroupNode.Member] {
        var members: [GroupNode.Member] = []
        members.reserveCapacity(links.count)
        for link in links.sorted(by: {
            $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
        }) {
            guard members.last?.name.utf8.elementsEqual(link.name.utf8) != true else {
                throw .damaged("two links are called \"\(link.name)\"")
            }
            let target: GroupNode.Target =
                switch link.target {
                case .hard(let address):
                    .object(try enqueue(address, parent: index, name: link.name))
                case .soft(let path): .soft(path)
                case .external(let file, let path): .external(file: file, path: path)
                case .userDefined(let kind): .userDefined(kind)
                }
            members.append(GroupNode.Member(name: link.name, target: target))
        }
        return members
    }
}
