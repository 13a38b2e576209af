// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Compares two stretches of elements block by block, each block once through the cache.
///
/// A block's elements become doubles, which is exact for all types but the 64-bit integers, and
/// are summed in lanes. Blocks that hold NaNs, infinities or 64-bit integers take a plain loop.
// Sendable by hand: the pointers are only read, and their owner outlives the kernel.
struct DifferenceKernel: @unchecked Sendable {
    let a: UnsafeRawPointer
    let b: UnsafeRawPointer
    let typeOfA: ElementType
    let typeOfB: ElementType
    let tolerance: Tolerance

    /// The difference over `elements`.
    func difference(over elements: Range<Int>) -> ElementDifference {
        let length = ElementBlocks.length
        var result = ElementDifference(count: elements.count)
        withUnsafeTemporaryAllocation(byteCount: 2 * length * 8, alignment: 64) { buffer in
            let scratch = buffer.bindMemory(to: Double.self).baseAddress!
            for start in stride(from: elements.lowerBound, to: elements.upperBound, by: length) {
                let count = min(length, elements.upperBound - start)
                let block = DifferenceBlock(
                    kernel: self, start: start, count: count, x: scratch, y: scratch + length)
                result.append(block.difference(above: result.maximum))
            }
        }
        return result
    }
}

/// One block, decoded.
struct DifferenceBlock {
    let kernel: DifferenceKernel
    /// Position of its first element in the tensors.
    let start: Int
    let count: Int
    /// Room for a block's elements as doubles.
    let x: UnsafeMutablePointer<Double>
    let y: UnsafeMutablePointer<Double>

    private typealias Lanes = SIMD4<Double>
    private static let signMask = SIMD4<UInt64>(repeating: 0x7FFF_FFFF_FFFF_FFFF)

    var rawA: UnsafeRawPointer { kernel.a + start * kernel.typeOfA.byteCount }
    var rawB: UnsafeRawPointer { kernel.b + start * kernel.typeOfB.byteCount }
    var isSameType: Bool { kernel.typeOfA == kernel.typeOfB }

    /// - Parameter known: a maximum seen before; the place of a smaller one is not looked for.
    func difference(above known: Double) -> ElementDifference {
        decode(kernel.typeOfA, rawA, to: x)
        let size = kernel.typeOfA.byteCount
        if isSameType, memoryIsEqual(rawA, rawB, count * size) { return identical() }
        decode(kernel.typeOfB, rawB, to: y)
        if needsPlainLoop { return plainDifference() }
        var result = ElementDifference(count: count)
        addProducts(to: &result)
        // Only NaNs, infinities and doubles beyond 1e154 make these sums so.
        guard (result.squaresOfA + result.squaresOfB).isFinite else { return plainDifference() }
        addDistances(to: &result)
        if isSameType { addBits(to: &result) }
        if result.maximum > known { result.worst = worst(result.maximum) }
        return result
    }

    /// Doubles do not hold all 64-bit integers.
    private var needsPlainLoop: Bool {
        isSameType && (kernel.typeOfA == .i64 || kernel.typeOfA == .u64)
    }

    private func decode(
        _ type: ElementType, _ source: UnsafeRawPointer, to output: UnsafeMutablePointer<Double>
    ) {
        ElementBlocks.decode(type, source, count: count, to: output)
        // The lanes that are left over compare zero with zero.
        for index in count..<padded { output[index] = 0 }
    }

    private var padded: Int { (count + 3) & ~3 }

    @inline(__always)
    private func lanes(_ values: UnsafeMutablePointer<Double>, _ index: Int) -> Lanes {
        UnsafeRawPointer(values + index).load(as: Lanes.self)
    }

    /// Equal bits: only the norm is missing.
    private func identical() -> ElementDifference {
        var sum = Lanes()
        for index in stride(from: 0, to: padded, by: 4) {
            let value = lanes(x, index)
            sum += value * value
        }
        let squares = sum.sum()
        guard squares.isFinite else {
            y.update(from: x, count: padded)
            return plainDifference()
        }
        var result = ElementDifference(count: count)
        result.differentBits = 0
        if kernel.typeOfA.isFloatingPoint { result.maximumULP = 0 }
        (result.squaresOfA, result.squaresOfB, result.product) = (squares, squares, squares)
        return result
    }

    private func addProducts(to result: inout ElementDifference) {
        var (squaresOfA, squaresOfB, product) = (Lanes(), Lanes(), Lanes())
        for index in stride(from: 0, to: padded, by: 4) {
            let (a, b) = (lanes(x, index), lanes(y, index))
            squaresOfA += a * a
            squaresOfB += b * b
            product += a * b
        }
        result.squaresOfA = squaresOfA.sum()
        result.squaresOfB = squaresOfB.sum()
        result.product = product.sum()
    }

    private func addDistances(to result: inout ElementDifference) {
        var (absolute, squares, largest) = (Lanes(), Lanes(), Lanes())
        var (different, beyond) = (SIMD4<Int64>(), SIMD4<Int64>())
        let allowed = Lanes(repeating: kernel.tolerance.absolute)
        let relative = Lanes(repeating: kernel.tolerance.relative)
        for index in stride(from: 0, to: padded, by: 4) {
            let b = lanes(y, index)
            let distance = magnitude(lanes(x, index) - b)
            absolute += distance
            squares += distance * distance
            largest.replace(with: distance, where: distance .> largest)
            different &-= ones(distance .> Lanes())
            beyond &-= ones(distance .> allowed + relative * magnitude(b))
        }
        result.absolute = absolute.sum()
        result.squares = squares.sum()
        result.maximum = largest.max()
        result.different = Int(different.wrappedSum())
        result.beyond = Int(beyond.wrappedSum())
    }

    @inline(__always)
    private func magnitude(_ value: Lanes) -> Lanes {
        unsafeBitCast(
            unsafeBitCast(value, to: SIMD4<UInt64>.self) & Self.signMask, to: Lanes.self)
    }

    /// -1 where true, 0 elsewhere.
    @inline(__always)
    private func ones(_ mask: SIMDMask<SIMD4<Int64>>) -> SIMD4<Int64> {
        SIMD4<Int64>().replacing(with: -1, where: mask)
    }

    private func worst(_ maximum: Double) -> ElementDifference.Worst? {
        for index in 0..<count where (x[index] - y[index]).magnitude == maximum {
            return .init(offset: start + index, a: x[index], b: y[index])
        }
        return nil
    }
}
