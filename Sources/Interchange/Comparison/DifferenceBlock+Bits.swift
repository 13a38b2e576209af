// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors

extension DifferenceBlock {
    /// Counts differing bits, signed zeros and units in the last place, all elements finite.
    func addBits(to result: inout ElementDifference) {
        let (bits, ulp): (Int, UInt64)
        switch kernel.typeOfA.byteCount {
        case 1: (bits, ulp) = bitDistance(Int8.self)
        case 2: (bits, ulp) = bitDistance(Int16.self)
        case 4: (bits, ulp) = bitDistance(Int32.self)
        default: (bits, ulp) = bitDistance(Int64.self)
        }
        result.differentBits = bits
        result.signedZeros = bits - result.different
        if kernel.typeOfA.isFloatingPoint { result.maximumULP = ulp }
    }

    /// Elements with different bits, and the largest distance in representable numbers.
    @inline(__always)
    private func bitDistance<Word: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
        _: Word.Type
    ) -> (Int, UInt64) where Word.Magnitude: FixedWidthInteger & UnsignedInteger {
        let (a, b) = (rawA, rawB)
        var bits: Int32 = 0
        var largest: Word.Magnitude = 0
        for index in 0..<count {
            let offset = index * MemoryLayout<Word>.size
            let left = a.loadUnaligned(fromByteOffset: offset, as: Word.self)
            let right = b.loadUnaligned(fromByteOffset: offset, as: Word.self)
            bits &+= left == right ? 0 : 1
            let (p, q) = (ordered(left), ordered(right))
            let distance = p > q ? p &- q : q &- p
            largest = max(largest, Word.Magnitude(truncatingIfNeeded: distance))
        }
        return (Int(bits), UInt64(largest))
    }

    /// A floating-point number's bits as an integer in the order of the values; -0 and 0 are one.
    @inline(__always)
    func ordered<Word: FixedWidthInteger & SignedInteger>(_ bits: Word) -> Word {
        bits < 0 ? Word.min &- bits : bits
    }

    func memoryIsEqual(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int) -> Bool {
        memcmp(a, b, count) == 0
    }

    /// The difference element by element, for blocks with special values or 64-bit integers.
    func plainDifference() -> ElementDifference {
        var result = ElementDifference(count: count)
        if isSameType {
            result.differentBits = 0
            if kernel.typeOfA.isFloatingPoint { result.maximumULP = 0 }
        }
        for index in 0..<count { add(index, to: &result) }
        return result
    }

    private func add(_ index: Int, to result: inout ElementDifference) {
        let (a, b) = (x[index], y[index])
        let (left, right) = (word(rawA, kernel.typeOfA, index), word(rawB, kernel.typeOfB, index))
        let hasSameBits = isSameType && left == right
        if isSameType, !hasSameBits { result.differentBits! += 1 }
        if a.isNaN && b.isNaN {
            result.sharedNaN += 1
            return
        }
        guard a.isFinite, b.isFinite else {
            if a == b {
                result.sharedInfinity += 1
                return
            }
            result.different += 1
            result.beyond += 1
            if result.nonFinite == 0 { result.worst = .init(offset: start + index, a: a, b: b) }
            result.nonFinite += 1
            return
        }
        result.squaresOfA += a * a
        result.squaresOfB += b * b
        result.product += a * b
        if hasSameBits { return }
        let distance = distance(a, b, left, right)
        if distance == 0 {
            // Two element types have no bits to compare, but zeros have a sign in each.
            if a == 0, a.sign != b.sign { result.signedZeros += 1 }
            return
        }
        result.different += 1
        if distance > kernel.tolerance.absolute + kernel.tolerance.relative * b.magnitude {
            result.beyond += 1
        }
        result.absolute += distance
        result.squares += distance * distance
        if let ulp = ulp(left, right) { result.maximumULP = max(result.maximumULP ?? 0, ulp) }
        if distance > result.maximum {
            result.maximum = distance
            if result.nonFinite == 0 { result.worst = .init(offset: start + index, a: a, b: b) }
        }
    }

    /// |a - b|, from the integers themselves where doubles do not hold them.
    private func distance(_ a: Double, _ b: Double, _ left: UInt64, _ right: UInt64) -> Double {
        guard isSameType else { return (a - b).magnitude }
        switch kernel.typeOfA {
        case .i64:
            let (p, q) = (Int64(bitPattern: left), Int64(bitPattern: right))
            return Double(UInt64(bitPattern: p > q ? p &- q : q &- p))
        case .u64: return Double(left > right ? left - right : right - left)
        default: return (a - b).magnitude
        }
    }

    private func ulp(_ left: UInt64, _ right: UInt64) -> UInt64? {
        guard isSameType, kernel.typeOfA.isFloatingPoint else { return nil }
        let unused = 64 - 8 * kernel.typeOfA.byteCount
        // Sign bits on top, so that one order serves all widths.
        let p = ordered(Int64(bitPattern: left << UInt64(unused)))
        let q = ordered(Int64(bitPattern: right << UInt64(unused)))
        return UInt64(bitPattern: p > q ? p &- q : q &- p) >> UInt64(unused)
    }

    private func word(_ source: UnsafeRawPointer, _ type: ElementType, _ index: Int) -> UInt64 {
        switch type.byteCount {
        case 1: UInt64(source.load(fromByteOffset: index, as: UInt8.self))
        case 2: UInt64(source.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
        case 4: UInt64(source.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
        default: source.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
        }
    }
}
