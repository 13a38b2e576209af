// SPDX-License-Identifier: Apache-2.0

import Tensors

/// `model.safetensors.index.json`: which shard holds which tensor.
struct ShardIndex {
    static let longest = 64 << 20
    private static let largestTensorCount = 250_000
    private static let largestKeyCount = 100

    private(set) var faults = FormatFaults()
    /// The shard of each tensor.
    private(set) var shards: [String: String] = [:]
    private(set) var metadata: [String: JSON] = [:]

    /// Shards in the order of their numbers.
    var fileNames: [String] {
        Set(shards.values).sorted { NaturalOrder.precedes($0, $1) }
    }

    /// What the index says all tensors take, when it says so.
    var totalByteCount: Int? { metadata["total_size"]?.integerValue }

    /// Whether the text starts as an index does: an object with the key `weight_map`.
    ///
    /// Only the start of the text is looked at; other formats that are JSON have other keys.
    static func isStart(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let first = bytes.first(where: { ![0x20, 0x0A, 0x0D, 0x09].contains($0) }),
            first == UInt8(ascii: "{"), bytes.count <= longest
        else { return false }
        var scanner = JSONScanner(bytes, subject: "the index")
        var isIndex = false
        // Reads up to the first `weight_map` and stops there by the fault.
        try? scanner.object { (scanner, key) throws(FormatFault) in
            isIndex = key == "weight_map"
            if isIndex { throw FormatFault("found") }
            _ = try scanner.value()
        }
        return isIndex
    }

    init(_ bytes: UnsafeRawBufferPointer) {
        do throws(FormatFault) {
            guard bytes.count <= Self.longest else {
                throw FormatFault(
                    .unsupported, "",
                    "found an index of \(bytes.count) bytes, expected at most \(Self.longest)")
            }
            try read(bytes)
        } catch {
            faults.note(error)
        }
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer) throws(FormatFault) {
        var scanner = JSONScanner(bytes, subject: "the index")
        var keys: Set<String> = []
        try scanner.object { (scanner, key) throws(FormatFault) in
            guard keys.count < Self.largestKeyCount else {
                throw FormatFault("the index has more than \(Self.largestKeyCount) keys")
            }
            if !keys.insert(key).inserted {
                faults.note("", "the index has '\(key)' twice")
            }
            switch key {
            case "weight_map": try readMap(&scanner)
            case "metadata":
                guard let members = try scanner.value().objectValue else {
                    faults.note("metadata", "it is no JSON object")
                    return
                }
                metadata = members
            default: _ = try scanner.value()
            }
        }
        try scanner.expectEnd(spaces: false)
        if !keys.contains("weight_map") { faults.note("", "the index lacks a 'weight_map'") }
    }

    private mutating func readMap(_ scanner: inout JSONScanner) throws(FormatFault) {
        // Thousands of tensors share the name of a file.
        var files: [String: String] = [:]
        var seen = 0
        try scanner.object { (scanner, tensor) throws(FormatFault) in
            seen += 1
            guard seen <= Self.largestTensorCount else {
                throw FormatFault(.unsupported, "", "the index names too many tensors")
            }
            let text = try scanner.string()
            let file = files[text] ?? text
            files[text] = file
            if shards.updateValue(file, forKey: tensor) != nil {
                faults.note(tensor, "the name stands twice in the index")
            }
        }
    }
}
