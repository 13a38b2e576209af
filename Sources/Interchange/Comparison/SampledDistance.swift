// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Where the elements of a rule's result come from, without moving them.
struct OffsetMap {
    private let extents: [Int]
    private let strides: [Int]
    private let isIdentity: Bool

    init(_ rule: LayoutRule?) {
        guard let rule, !rule.keepsOrder else {
            (extents, strides, isIdentity) = ([], [], true)
            return
        }
        var all = [Int](repeating: 1, count: rule.factors.count)
        for axis in rule.factors.indices.dropLast().reversed() {
            all[axis] = all[axis + 1] * rule.factors[axis + 1]
        }
        extents = rule.order.map { rule.factors[$0] }
        strides = rule.order.map { all[$0] }
        isIdentity = false
    }

    /// The offset in the source of the element at `offset` of the result.
    func source(of offset: Int) -> Int {
        if isIdentity { return offset }
        var (rest, result) = (offset, 0)
        for axis in extents.indices.reversed() {
            let (quotient, index) = rest.quotientAndRemainder(dividingBy: extents[axis])
            result += index * strides[axis]
            rest = quotient
        }
        return result
    }
}

/// A quick look at how far two tensors are apart: a few hundred positions spread over them.
enum SampledDistance {
    static let positions = 512

    /// The relative L2 distance over the sample; nil when it says nothing: all zeros, or no finite
    /// number.
    static func relativeL2(_ a: Tensor, _ b: Tensor, _ alignment: Alignment) -> Double? {
        let count = a.shape.elementCount
        guard count > 0, count == b.shape.elementCount else { return nil }
        let (left, right) = (OffsetMap(alignment.ruleOfA), OffsetMap(alignment.ruleOfB))
        var (squares, norm) = (0.0, 0.0)
        for step in 0..<min(count, positions) {
            let offset = count <= positions ? step : position(step, below: count)
            let x = element(a, left.source(of: offset))
            let y = element(b, right.source(of: offset))
            guard x.isFinite, y.isFinite else { continue }
            squares += (x - y) * (x - y)
            norm += max(x * x, y * y)
        }
        return norm > 0 ? (squares / norm).squareRoot() : nil
    }

    /// Positions without a pattern: an even step would follow a column of the matrix.
    private static func position(_ step: Int, below count: Int) -> Int {
        var bits = UInt64(step + 1) &* 0x9E37_79B9_7F4A_7C15
        bits ^= bits >> 29
        bits = bits &* 0xBF58_476D_1CE4_E5B9
        bits ^= bits >> 32
        return Int(bits.multipliedFullWidth(by: UInt64(count)).high)
    }

    private static func element(_ tensor: Tensor, _ offset: Int) -> Double {
        tensor.withUnsafeBytes { bytes in
            var value = 0.0
            ElementBlocks.decode(
                tensor.elementType, bytes.baseAddress! + offset * tensor.elementType.byteCount,
                count: 1, to: &value)
            return value
        }
    }
}
