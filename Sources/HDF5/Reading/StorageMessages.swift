// SPDX-License-Identifier: Apache-2.0

/// A step that chunks passed through before they were stored.
public struct HDF5Filter: Hashable, Sendable, CustomStringConvertible {
    /// The number the HDF Group gave the filter.
    public let identifier: Int
    public let name: String
    /// The filter's settings; for deflate, the level.
    public let parameters: [Int]

    static let deflate = 1
    static let shuffle = 2
    static let fletcher32 = 3
    /// h5py's.
    static let lzf = 32_000

    public var description: String {
        switch identifier {
        case Self.deflate: "deflate" + (parameters.first.map { " \($0)" } ?? "")
        case Self.shuffle: "shuffle"
        case Self.fletcher32: "fletcher32"
        case Self.lzf: "lzf"
        default:
            (Self.registeredNames[identifier] ?? (name.isEmpty ? nil : name)).map {
                "filter \(identifier) (\($0))"
            } ?? "filter \(identifier)"
        }
    }

    /// Reads a filter pipeline message (format specification, section IV.A.2.l), in the order in
    /// which a writer applies the filters.
    static func parsePipeline(_ cursor: inout ByteCursor) throws(HDF5Error) -> [HDF5Filter] {
        let version = try cursor.u8()
        let count = try cursor.u8()
        guard version == 1 || version == 2 else {
            throw .unsupported("filter pipeline version \(version) is not known")
        }
        guard count <= 32 else { throw .damaged("a pipeline of \(count) filters is impossible") }
        if version == 1 { try cursor.skip(6) }
        var filters: [HDF5Filter] = []
        for _ in 0..<count {
            let identifier = try cursor.u16()
            let hasName = version == 1 || identifier >= 256
            let nameCount = hasName ? try cursor.u16() : 0
            try cursor.skip(2)
            let parameterCount = try cursor.u16()
            let padded = version == 1 ? (nameCount + 7) & ~7 : nameCount
            let name = String(
                decoding: try cursor.take(padded).prefix { $0 != 0 }, as: UTF8.self)
            var parameters: [Int] = []
            for _ in 0..<parameterCount { parameters.append(try cursor.u32()) }
            if version == 1, parameterCount % 2 == 1 { try cursor.skip(4) }
            filters.append(
                HDF5Filter(identifier: identifier, name: name, parameters: parameters))
        }
        return filters
    }
}

/// The element that stands where nothing was written (format specification, sections IV.A.2.e
/// and IV.A.2.f).
enum FillValue {
    /// - Returns: the bytes of one element, or nothing where elements are zero.
    static func parse(_ cursor: inout ByteCursor) throws(HDF5Error) -> [UInt8] {
        let version = try cursor.u8()
        var hasValue: Bool
        switch version {
        case 1, 2:
            try cursor.skip(2)
            hasValue = try cursor.u8() != 0 || version == 1
        case 3:
            hasValue = try cursor.u8() & 0x20 != 0
        default: throw .unsupported("fill value version \(version) is not known")
        }
        if !hasValue { return [] }
        let size = try cursor.u32()
        // Version 1 writes a size of -1 where no value is defined.
        return size == 0 || size > Int(Int32.max) ? [] : [UInt8](try cursor.take(size))
    }

    static func parseOld(_ cursor: inout ByteCursor) throws(HDF5Error) -> [UInt8] {
        let size = try cursor.u32()
        return [UInt8](try cursor.take(size))
    }
}
