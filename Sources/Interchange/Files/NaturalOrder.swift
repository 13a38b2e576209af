// SPDX-License-Identifier: Apache-2.0

/// The order in which people count: `layer.2` before `layer.10`.
enum NaturalOrder {
    /// Whether `left` comes before `right`: runs of digits are compared as numbers, everything
    /// else by its UTF-8 bytes, and what is then equal (`7` and `07`) by the bytes alone.
    static func precedes(_ left: String, _ right: String) -> Bool {
        let fast = left.utf8.withContiguousStorageIfAvailable { a in
            right.utf8.withContiguousStorageIfAvailable { b in precedes(a, b) }
        }
        if let answer = fast ?? nil { return answer }
        return Array(left.utf8).withUnsafeBufferPointer { a in
            Array(right.utf8).withUnsafeBufferPointer { b in precedes(a, b) }
        }
    }

    private static func precedes(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        var (a, b) = (0, 0)
        while a < left.count, b < right.count {
            guard isDigit(left[a]), isDigit(right[b]) else {
                if left[a] != right[b] { return left[a] < right[b] }
                a += 1
                b += 1
                continue
            }
            let (endA, endB) = (digits(left, &a), digits(right, &b))
            // Without leading zeros the longer number is the larger one.
            if endA - a != endB - b { return endA - a < endB - b }
            while a < endA {
                if left[a] != right[b] { return left[a] < right[b] }
                a += 1
                b += 1
            }
        }
        if a < left.count || b < right.count { return a == left.count }
        return left.lexicographicallyPrecedes(right)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// The end of the run of digits at `start`, which moves past leading zeros.
    private static func digits(_ text: UnsafeBufferPointer<UInt8>, _ start: inout Int) -> Int {
        var end = start
        while end < text.count, isDigit(text[end]) { end += 1 }
        while start < end - 1, text[start] == UInt8(ascii: "0") { start += 1 }
        return end
    }
}
