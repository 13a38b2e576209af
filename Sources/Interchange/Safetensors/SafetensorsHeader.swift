// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The header of a safetensors file with everything that breaks the format's rules (the README of
/// safetensors and `tensor.rs`).
struct SafetensorsHeader {
    struct Entry {
        let name: String
        let type: SafetensorsType
        let shape: Shape
        /// Relative to the start of the buffer.
        let range: Range<Int>
    }

    /// The library's own limit.
    static let longest = 100_000_000
    /// A hundred times what any model has in one file; keeps the memory for a header bounded.
    private static let largestTensorCount = 200_000
    private static let longestRank = 64
    private static let largestMetadataCount = 100_000

    private(set) var faults = FormatFaults()
    /// In the order of the buffer.
    private(set) var entries: [Entry] = []
    private(set) var metadata: [String: String] = [:]
    /// Where the buffer starts: the length field and the header.
    private(set) var byteCount = 8

    private var names: Set<String> = []
    private let bufferByteCount: Int

    /// Whether a file starts as a safetensors file does, even when it is cut short afterwards or
    /// lies about the length of its header.
    static func isStart(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= 10, bytes[8] == UInt8(ascii: "{") else { return false }
        // A length of printable characters is a text: JSON within JSON.
        guard !bytes.prefix(8).allSatisfy({ (0x20..<0x7F).contains($0) || isSpace($0) }) else {
            return false
        }
        let next = bytes[9...].first { !isSpace($0) }
        return next == UInt8(ascii: "\"") || next == UInt8(ascii: "}")
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    private static func length(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    }

    /// - Parameter bytes: the whole file.
    init(_ bytes: UnsafeRawBufferPointer) {
        let length = bytes.count >= 8 ? Self.length(bytes) : 0
        guard bytes.count >= 8, length <= UInt64(bytes.count - 8), length <= Self.longest else {
            bufferByteCount = 0
            faults.note(
                "",
                bytes.count < 8
                    ? "found \(bytes.count) bytes, expected the length of a header and the header"
                    : "found a header of \(length) bytes, expected at most"
                        + " \(min(bytes.count - 8, Self.longest))")
            return
        }
        byteCount = 8 + Int(length)
        bufferByteCount = bytes.count - byteCount
        do throws(FormatFault) {
            try read(UnsafeRawBufferPointer(rebasing: bytes[8..<byteCount]))
            checkCoverage()
        } catch {
            faults.note(error)
        }
    }

    private mutating func read(_ text: UnsafeRawBufferPointer) throws(FormatFault) {
        guard text.first == UInt8(ascii: "{") else {
            throw FormatFault("the header does not start with '{'")
        }
        var scanner = JSONScanner(text, subject: "the header")
        var hasMetadata = false
        var seen = 0
        try scanner.object { (scanner, name) throws(FormatFault) in
            if name == "__metadata__" {
                if hasMetadata { faults.note("", "the header has '__metadata__' twice") }
                hasMetadata = true
                try readMetadata(&scanner)
                return
            }
            // Counts names that stand twice as well.
            seen += 1
            guard seen <= Self.largestTensorCount else {
                throw FormatFault(
                    .unsupported, "",
                    "found more than \(Self.largestTensorCount) tensors, expected fewer")
            }
            if !names.insert(name).inserted {
                faults.note(name, "the name stands twice in the header")
            }
            let entry = try readEntry(&scanner, name)
            if let entry { entries.append(entry) }
        }
        // The header may be padded, with spaces only.
        try scanner.expectEnd(spaces: true)
    }

    private mutating func readMetadata(_ scanner: inout JSONScanner) throws(FormatFault) {
        var seen = 0
        try scanner.object { (scanner, key) throws(FormatFault) in
            seen += 1
            guard seen <= Self.largestMetadataCount else {
                throw FormatFault(
                    .unsupported, "__metadata__",
                    "found more than \(Self.largestMetadataCount) values, expected fewer")
            }
            let value = try scanner.value()
            guard let text = value.stringValue else {
                faults.note(
                    "__metadata__", "found a value under '\(key)' that is no string, expected one")
                return
            }
            if metadata.updateValue(text, forKey: key) != nil {
                faults.note("__metadata__", "the key '\(key)' stands twice")
            }
        }
    }

    /// The entry of one tensor; nil, with the fault noted, when it contradicts itself.
    private mutating func readEntry(
        _ scanner: inout JSONScanner, _ name: String
    ) throws(FormatFault) -> Entry? {
        var (typeName, shape, offsets): (String?, [Int]?, [Int]?)
        var extraKey: String?
        try scanner.object { (scanner, key) throws(FormatFault) in
            switch key {
            case "dtype" where typeName == nil: typeName = try scanner.string()
            case "shape" where shape == nil:
                shape = try counts(&scanner, atMost: Self.longestRank, name)
            case "data_offsets" where offsets == nil:
                offsets = try counts(&scanner, atMost: 2, name)
            case _ where extraKey == nil:
                extraKey = key
                _ = try scanner.value()
            default:
                throw FormatFault(
                    .malformed, name,
                    "found the keys '\(extraKey ?? "")' and '\(key)', expected"
                        + " dtype, shape and data_offsets once")
            }
        }
        if let extraKey {
            faults.note(
                name, "found the key '\(extraKey)', expected dtype, shape and data_offsets once")
        }
        guard let typeName, let shape, let offsets, offsets.count == 2 else {
            faults.note(name, "expected a dtype, a shape and two data_offsets")
            return nil
        }
        guard let type = SafetensorsType(rawValue: typeName) else {
            faults.note(name, "found the element type '\(typeName)', which safetensors lacks")
            return nil
        }
        guard offsets[0] <= offsets[1], offsets[1] <= bufferByteCount else {
            faults.note(
                name,
                "found the offsets \(offsets[0]) and \(offsets[1]) in a buffer of"
                    + " \(bufferByteCount) bytes")
            return nil
        }
        return entry(name, type, shape, offsets[0]..<offsets[1])
    }

    private func counts(
        _ scanner: inout JSONScanner, atMost limit: Int, _ name: String
    ) throws(FormatFault) -> [Int] {
        var values: [Int] = []
        try scanner.array { (scanner) throws(FormatFault) in
            values.append(try scanner.count())
            guard values.count <= limit else {
                throw FormatFault(
                    .malformed, name, "found more than \(limit) numbers, expected at most that")
            }
        }
        return values
    }

    private mutating func entry(
        _ name: String, _ type: SafetensorsType, _ dimensions: [Int], _ range: Range<Int>
    ) -> Entry? {
        // The library multiplies in this order, so an overflow before a zero counts as one.
        var bits = type.bitCount
        for dimension in dimensions {
            let (product, overflow) = bits.multipliedReportingOverflow(by: dimension)
            guard !overflow else {
                faults.note(name, "its shape has more elements than fit in 64 bits")
                return nil
            }
            bits = product
        }
        guard bits % 8 == 0 else {
            faults.note(name, "its \(bits) bits are no whole number of bytes")
            return nil
        }
        guard range.count == bits / 8 else {
            faults.note(
                name,
                "found \(range.count) bytes, expected \(bits / 8) for \(type.rawValue)"
                    + " (\(dimensions.map(String.init).joined(separator: ", ")))")
            return nil
        }
        return Entry(name: name, type: type, shape: Shape(trusted: dimensions), range: range)
    }

    /// The tensors fill the buffer without holes or overlaps.
    private mutating func checkCoverage() {
        entries.sort {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        // Next to an entry that is refused, a hole says nothing new.
        guard entries.count == names.count else { return }
        var position = 0
        for entry in entries {
            if entry.range.lowerBound < position {
                faults.note(entry.name, "its bytes overlap those of another tensor")
            } else if entry.range.lowerBound > position {
                faults.note(
                    entry.name,
                    "the \(entry.range.lowerBound - position) bytes before it belong to no tensor")
            }
            position = max(position, entry.range.upperBound)
        }
        if position < bufferByteCount {
            faults.note("", "the last \(bufferByteCount - position) bytes belong to no tensor")
        }
    }
}
