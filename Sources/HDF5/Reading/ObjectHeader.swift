// SPDX-License-Identifier: Apache-2.0

/// The messages that describe one object, gathered from its header and all continuations
/// (format specification, section IV.A.1).
struct ObjectHeader {
    /// A header message; `body` is valid while the file is mapped.
    struct Message {
        let type: MessageType
        /// The body refers to a message stored elsewhere.
        let isShared: Bool
        let body: UnsafeRawBufferPointer

        var cursor: ByteCursor { ByteCursor(body) }
    }

    let version: Int
    private(set) var messages: [Message] = []
    private var pending: [(address: Int, count: Int)] = []

    func first(_ type: MessageType) -> Message? { messages.first { $0.type == type } }

    init(at address: Int, _ reader: MetadataReader) throws(HDF5Error) {
        let start = try reader.peek(at: address, count: 4, "object header")
        if start.elementsEqual("OHDR".utf8) {
            version = 2
            try readVersion2(at: address, reader)
        } else if start[0] == 1 {
            version = 1
            reader.note(foreign: "an object header of version 1 is not written here")
            try readVersion1(at: address, reader)
        } else {
            throw .damaged("no object header at \(address)")
        }
    }

    private mutating func readVersion1(
        at address: Int, _ reader: MetadataReader
    ) throws(HDF5Error) {
        var prefix = try reader.block(at: address, count: 16, "object header")
        try prefix.skip(8)
        pending.append((address + 16, try prefix.u32()))
        while let next = pending.popLast() {
            var block = try reader.block(
                at: next.address, count: next.count, "object header block")
            while block.remaining >= 8 {
                let type = try block.u16()
                let size = try block.u16()
                let flags = try block.u8()
                try block.skip(3)
                try append(type: type, flags: flags, body: try block.take(size), reader)
            }
        }
    }

    private mutating func readVersion2(
        at address: Int, _ reader: MetadataReader
    ) throws(HDF5Error) {
        var prefix = ByteCursor(try reader.peek(at: address, count: 6, "object header"))
        try prefix.skip(4)
        let version = try prefix.u8()
        guard version == 2 else {
            throw .unsupported("the object header at \(address) has version \(version)")
        }
        let flags = try prefix.u8()
        let sizeBytes = 1 << (flags & 3)
        let fieldBytes = (flags & 0x20 != 0 ? 16 : 0) + (flags & 0x10 != 0 ? 4 : 0)
        var sizeField = ByteCursor(
            try reader.peek(at: address + 6, count: fieldBytes + sizeBytes, "object header"))
        try sizeField.skip(fieldBytes)
        let size = try sizeField.unsigned(byteCount: sizeBytes)
        guard size <= reader.endOfFile else {
            throw .damaged("the object header at \(address) is larger than the file")
        }
        let prefixBytes = 6 + fieldBytes + sizeBytes
        var first = try reader.checkedBlock(
            at: address, count: prefixBytes + size + 4, "object header")
        try first.skip(prefixBytes)
        let hasOrder = flags & 4 != 0
        try readMessages(&first, hasOrder, reader)
        while let next = pending.popLast() {
            var block = try reader.checkedBlock(
                at: next.address, count: next.count, "object header continuation")
            try block.expect(signature: "OCHK", "object header continuation")
            try readMessages(&block, hasOrder, reader)
        }
    }

    private mutating func readMessages(
        _ block: inout ByteCursor, _ hasOrder: Bool, _ reader: MetadataReader
    ) throws(HDF5Error) {
        let prefix = hasOrder ? 6 : 4
        // Fewer bytes than a message needs are a gap.
        while block.remaining >= prefix {
            let type = try block.u8()
            let size = try block.u16()
            let flags = try block.u8()
            if hasOrder { try block.skip(2) }
            try append(type: type, flags: flags, body: try block.take(size), reader)
        }
    }

    private mutating func append(
        type: Int, flags: Int, body: UnsafeRawBufferPointer, _ reader: MetadataReader
    ) throws(HDF5Error) {
        guard let type = MessageType(rawValue: type) else {
            // Bit 7: a reader that does not know the message must give up.
            guard flags & 0x80 == 0 else {
                throw .unsupported("header message \(type) is not known and must be")
            }
            reader.note(foreign: "header message \(type) is not written here")
            messages.append(Message(type: .unknown, isShared: false, body: body))
            return
        }
        if flags & 2 != 0 || !type.isWritten(body) {
            reader.note(foreign: "header message \(type) in this form is not written here")
        }
        switch type {
        case .null: break
        case .continuation:
            var cursor = ByteCursor(body)
            pending.append((try cursor.definedAddress("continuation"), try cursor.length()))
        default: messages.append(Message(type: type, isShared: flags & 2 != 0, body: body))
        }
    }
}

/// The kinds of header message (format specification, section IV.A.2).
enum MessageType: Int {
    case null = 0x00
    case dataspace = 0x01
    case linkInfo = 0x02
    case datatype = 0x03
    case oldFillValue = 0x04
    case fillValue = 0x05
    case link = 0x06
    case externalFiles = 0x07
    case layout = 0x08
    case groupInfo = 0x0A
    case filterPipeline = 0x0B
    case attribute = 0x0C
    case comment = 0x0D
    case oldModificationTime = 0x0E
    case sharedMessageTable = 0x0F
    case continuation = 0x10
    case symbolTable = 0x11
    case modificationTime = 0x12
    case btreeK = 0x13
    case driverInfo = 0x14
    case attributeInfo = 0x15
    case referenceCount = 0x16
    case fileSpaceInfo = 0x17
    case cacheImage = 0x18
    case unknown = 0xFF

    /// Whether headers that Retort writes have such messages. The bodies of those that reading
    /// skips are checked here; all others are parsed.
    func isWritten(_ body: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .null, .dataspace, .linkInfo, .datatype, .fillValue, .link, .layout,
            .filterPipeline, .attribute, .continuation, .attributeInfo:
            true
        // Version 0, then flags that say which two pairs of 16-bit numbers follow.
        case .groupInfo:
            body.count >= 2 && body[0] == 0 && body[1] & ~3 == 0
                && body.count >= 2 + (body[1] & 1 != 0 ? 4 : 0) + (body[1] & 2 != 0 ? 4 : 0)
        // Version 1, three reserved bytes, seconds.
        case .modificationTime: body.count >= 8 && body[0] == 1
        // Version 0, a count.
        case .referenceCount: body.count >= 5 && body[0] == 0
        default: false
        }
    }
}
