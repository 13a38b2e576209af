// SPDX-License-Identifier: Apache-2.0

extension HDF5Datatype {
    /// Reads a datatype message (format specification, section IV.A.2.d).
    init(parsing cursor: inout ByteCursor, depth: Int = 0) throws(HDF5Error) {
        try ReadingGuard.check(datatypeDepth: depth)
        let classAndVersion = try cursor.u8()
        let version = classAndVersion >> 4
        guard (1...5).contains(version) else {
            throw .unsupported("datatype version \(version) is not known")
        }
        let flags = try cursor.unsigned(byteCount: 3)
        let byteCount = try cursor.u32()
        guard byteCount > 0 else { throw .damaged("a datatype has elements of no bytes") }
        switch classAndVersion & 15 {
        case 0: self = try Self.integer(&cursor, flags, byteCount)
        case 1: self = try Self.float(&cursor, flags, byteCount)
        case 2:
            try cursor.skip(2)
            self = .other(name: "time", byteCount: byteCount)
        case 3: self = try Self.string(flags, byteCount)
        case 4: self = try Self.integer(&cursor, flags & 1, byteCount)
        case 5: self = try Self.opaque(&cursor, flags, byteCount)
        case 6: self = try Self.compound(&cursor, version, flags, byteCount, depth)
        case 7:
            self = .other(name: Self.referenceName(flags), byteCount: byteCount)
        case 8: self = try Self.enumeration(&cursor, version, flags, byteCount, depth)
        case 9: self = try Self.variable(&cursor, flags, byteCount, depth)
        case 10: self = try Self.array(&cursor, version, byteCount, depth)
        case 11:
            let base = try HDF5Datatype(parsing: &cursor, depth: depth + 1)
            self = .other(name: "complex of \(base)", byteCount: byteCount)
        case let unknown: throw .unsupported("datatype class \(unknown) is not known")
        }
    }

    private static func referenceName(_ flags: Int) -> String {
        switch flags & 15 {
        case 0: "object reference"
        case 1: "region reference"
        default: "reference"
        }
    }

    private static func integer(
        _ cursor: inout ByteCursor, _ flags: Int, _ byteCount: Int
    ) throws(HDF5Error) -> HDF5Datatype {
        let offset = try cursor.u16()
        let precision = try cursor.u16()
        let layout = HDF5IntegerLayout(
            byteCount: byteCount, isBigEndian: flags & 1 != 0, isSigned: flags & 8 != 0,
            offset: offset, precision: precision)
        guard offset == 0, precision == byteCount * 8, [1, 2, 4, 8].contains(byteCount) else {
            guard byteCount <= 8, precision > 0, offset + precision <= byteCount * 8 else {
                return .other(name: layout.description, byteCount: byteCount)
            }
            return .packedInteger(layout)
        }
        return .integer(
            byteCount: byteCount, isSigned: flags & 8 != 0, isBigEndian: flags & 1 != 0)
    }

    private static func float(
        _ cursor: inout ByteCursor, _ flags: Int, _ byteCount: Int
    ) throws(HDF5Error) -> HDF5Datatype {
        let offset = try cursor.u16()
        let precision = try cursor.u16()
        var layout = HDF5FloatLayout(
            byteCount: byteCount, isBigEndian: flags & 1 != 0, exponentBits: 0, mantissaBits: 0,
            exponentBias: 0)
        layout.signLocation = flags >> 8 & 0xFF
        layout.exponentLocation = try cursor.u8()
        layout.exponentBits = try cursor.u8()
        layout.mantissaLocation = try cursor.u8()
        layout.mantissaBits = try cursor.u8()
        layout.exponentBias = try cursor.u32()
        let normalization = flags >> 4 & 3
        layout.hasImpliedBit = normalization == 2
        let fits =
            byteCount <= 8 && layout.signLocation < byteCount * 8
            && layout.exponentLocation + layout.exponentBits <= byteCount * 8
            && layout.mantissaLocation + layout.mantissaBits <= byteCount * 8
        let isConvertible =
            fits && (1...11).contains(layout.exponentBits) && layout.mantissaBits <= 52
            && layout.hasImpliedBit && layout.exponentBias <= 2047
        // Bit 6 is VAX's mixed byte order.
        guard isConvertible, flags & 0x40 == 0, offset == 0 || layout.elementType == nil else {
            return .other(
                name: "float of \(precision) bits in \(byteCount) bytes (exponent"
                    + " \(layout.exponentBits) bits, mantissa \(layout.mantissaBits) bits)",
                byteCount: byteCount)
        }
        return .float(layout)
    }

    private static func padding(_ flags: Int) throws(HDF5Error) -> HDF5StringPadding {
        switch flags & 15 {
        case 0: return .nullTerminated
        case 1: return .nullPadded
        case 2: return .spacePadded
        default: throw .damaged("a string type has an unknown kind of padding")
        }
    }

    private static func string(_ flags: Int, _ byteCount: Int) throws(HDF5Error) -> HDF5Datatype {
        .fixedString(byteCount: byteCount, padding: try padding(flags))
    }

    private static func opaque(
        _ cursor: inout ByteCursor, _ flags: Int, _ byteCount: Int
    ) throws(HDF5Error) -> HDF5Datatype {
        let field = try cursor.take(((flags & 0xFF) + 7) & ~7)
        let tag = field.prefix { $0 != 0 }
        return .opaque(byteCount: byteCount, tag: String(decoding: tag, as: UTF8.self))
    }

    private static func variable(
        _ cursor: inout ByteCursor, _ flags: Int, _ byteCount: Int, _ depth: Int
    ) throws(HDF5Error) -> HDF5Datatype {
        let base = try HDF5Datatype(parsing: &cursor, depth: depth + 1)
        guard byteCount == 16 else {
            throw .damaged("a reference to a value of variable length takes \(byteCount) bytes")
        }
        if flags & 15 == 1 { return .variableString }
        return .sequence(of: base)
    }

    private static func enumeration(
        _ cursor: inout ByteCursor, _ version: Int, _ flags: Int, _ byteCount: Int, _ depth: Int
    ) throws(HDF5Error) -> HDF5Datatype {
        let base = try HDF5Datatype(parsing: &cursor, depth: depth + 1)
        guard case .integer(let width, let isSigned, let isBigEndian) = base, width == byteCount
        else {
            throw .unsupported("an enumeration of \(base) is not read")
        }
        var names: [String] = []
        for _ in 0..<(flags & 0xFFFF) {
            names.append(
                try cursor.nullTerminatedText(
                    "name in an enumeration", padding: version < 3 ? 8 : 1))
        }
        var members: [HDF5EnumerationMember] = []
        members.reserveCapacity(names.count)
        for name in names {
            var pattern: UInt64 = 0
            for (index, byte) in try cursor.take(width).enumerated() {
                pattern |= UInt64(byte) << UInt64(8 * (isBigEndian ? width - 1 - index : index))
            }
            let shift = UInt64(64 - 8 * width)
            let value =
                isSigned
                ? Int64(bitPattern: pattern << shift) >> Int64(shift)
                : Int64(bitPattern: pattern)
            members.append(HDF5EnumerationMember(name: name, value: value))
        }
        return .enumeration(base: base, members: members)
    }
}
