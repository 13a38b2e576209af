// SPDX-License-Identifier: Apache-2.0

/// What a name in a group leads to.
enum LinkTarget: Sendable {
    /// The address of an object header.
    case hard(Int)
    case soft(String)
    case external(file: String, path: String)
    case userDefined(Int)
}

struct ParsedLink {
    var name: String
    var target: LinkTarget
}

extension ParsedLink {
    /// Reads a link message (format specification, section IV.A.2.g).
    init(parsing cursor: inout ByteCursor) throws(HDF5Error) {
        let version = try cursor.u8()
        guard version == 1 else { throw .unsupported("link message version \(version)") }
        let flags = try cursor.u8()
        let kind = flags & 8 != 0 ? try cursor.u8() : 0
        if flags & 4 != 0 { try cursor.skip(8) }
        if flags & 16 != 0 { try cursor.skip(1) }
        let nameCount = try cursor.unsigned(byteCount: 1 << (flags & 3))
        name = try cursor.take(nameCount).utf8Text("name of a link")
        switch kind {
        case 0: target = .hard(try cursor.definedAddress("linked object"))
        case 1:
            let count = try cursor.u16()
            target = .soft(String(decoding: try cursor.take(count), as: UTF8.self))
        case 64:
            let count = try cursor.u16()
            var value = try cursor.sub(count)
            try value.skip(1)
            let file = try value.nullTerminatedText("file of an external link")
            let path = try value.nullTerminatedText("object of an external link")
            target = .external(file: file, path: path)
        case 65...255: target = .userDefined(kind)
        default: throw .damaged("a link of type \(kind) cannot be")
        }
    }
}

/// Groups of the old style: a version 1 B-tree of symbol nodes, names in a local heap (format
/// specification, sections III.A.1, III.B and III.D).
enum SymbolTable {
    static func links(
        message: ObjectHeader.Message, _ superblock: Superblock, _ reader: MetadataReader
    ) throws(HDF5Error) -> [ParsedLink] {
        var cursor = message.cursor
        let root = try cursor.definedAddress("group's B-tree")
        let names = try localHeap(at: try cursor.definedAddress("group's heap"), reader)
        let treeK = superblock.groupInternalK
        var links: [ParsedLink] = []
        var pending: [(address: Int, level: Int?)] = [(root, nil)]
        while let next = pending.popLast() {
            if next.level == -1 {
                try readNode(at: next.address, superblock.groupLeafK, names, into: &links, reader)
                continue
            }
            var node = try reader.block(
                at: next.address, count: 24 + (2 * treeK + 1) * 8 + 2 * treeK * 8,
                "group B-tree node")
            let (level, used) = try BTree1.readNodeHead(&node, kind: 0, level: next.level)
            guard used <= 2 * treeK else {
                throw .damaged("a group B-tree node has \(used) entries, at most \(2 * treeK) fit")
            }
            for _ in 0..<used {
                try node.skip(8)
                pending.append((try node.definedAddress("group node"), level - 1))
            }
        }
        return links
    }

    private static func readNode(
        at address: Int, _ leafK: Int, _ names: UnsafeRawBufferPointer,
        into links: inout [ParsedLink], _ reader: MetadataReader
    ) throws(HDF5Error) {
        var node = try reader.block(at: address, count: 8 + 2 * leafK * 40, "symbol node")
        try node.expect(signature: "SNOD", "symbol node")
        let version = try node.u8()
        guard version == 1 else { throw .unsupported("symbol node version \(version)") }
        try node.skip(1)
        let used = try node.u16()
        guard used <= 2 * leafK else {
            throw .damaged("a symbol node has \(used) entries, at most \(2 * leafK) fit")
        }
        for _ in 0..<used {
            let name = try text(at: try node.length(), names, "name of a link", reader)
            let header = try node.address()
            let cacheType = try node.u32()
            try node.skip(4)
            if cacheType == 2 {
                let value = try text(at: try node.u32(), names, "soft link", reader)
                try node.skip(12)
                links.append(ParsedLink(name: name, target: .soft(value)))
            } else {
                try node.skip(16)
                guard let header else { throw .damaged("link \"\(name)\" has no address") }
                links.append(ParsedLink(name: name, target: .hard(header)))
            }
        }
    }

    private static func localHeap(
        at address: Int, _ reader: MetadataReader
    ) throws(HDF5Error) -> UnsafeRawBufferPointer {
        var head = try reader.block(at: address, count: 32, "local heap")
        try head.expect(signature: "HEAP", "local heap")
        let version = try head.u8()
        guard version == 0 else { throw .unsupported("local heap version \(version)") }
        try head.skip(3)
        let count = try head.length()
        try head.skip(8)
        var data = try reader.block(
            at: try head.definedAddress("local heap's data"), count: count, "local heap's data")
        return try data.take(count)
    }

    private static func text(
        at offset: Int, _ heap: UnsafeRawBufferPointer, _ what: StaticString,
        _ reader: MetadataReader
    ) throws(HDF5Error) -> String {
        guard offset < heap.count else { throw .damaged("the \(what) lies outside its heap") }
        var cursor = ByteCursor(UnsafeRawBufferPointer(rebasing: heap[offset...]))
        let text = try cursor.nullTerminatedText(what)
        try reader.copy(cursor.position)
        return text
    }
}
