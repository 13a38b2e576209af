// SPDX-License-Identifier: Apache-2.0

// Vector types are spelled out: comparisons of generic ones are compiled lane by lane. A vector of
// 16 channels is worked on as two parts of 8.
extension DisjointMaxPool {
    private var parts: Int { source.lanes / 8 }

    func forwardF32(
        rows: Range<Int>, _ from: Buffer, _ to: Buffer, _ choices: Buffer?
    ) {
        let pixels = from.address.assumingMemoryBound(to: SIMD8<Float>.self)
        let maxima = to.address.assumingMemoryBound(to: SIMD8<Float>.self)
        let chosen = choices?.address.assumingMemoryBound(to: SIMD8<UInt8>.self)
        let flag = SIMD8<Int32>(repeating: Int32(Self.notPositive))
        let (zero, one) = (SIMD8<Int32>(repeating: 0), SIMD8<Int32>(repeating: 1))
        let parts = parts
        let offsets = windowOffsets.map { $0 * parts }
        // The four pixels of a 2x2 window, which nearly every network pools by.
        let isFour = offsets.count == 4
        let (second, third, fourth) = isFour ? (offsets[1], offsets[2], offsets[3]) : (0, 0, 0)
        let width = destination.size.width
        for row in rows {
            let (plane, y) = row.quotientAndRemainder(dividingBy: destination.size.height)
            let corner = source.start(ofPlane: plane) + y * window.height * source.rowStride
            let target = destination.start(ofPlane: plane) + y * destination.rowStride
            for position in 0..<(width * parts) {
                let (x, part) = parts == 1 ? (position, 0) : (position >> 1, position & 1)
                let first = (corner + x * window.width * source.pixelStride) * parts + part
                let output = (target + x * destination.pixelStride) * parts + part
                if isFour {
                    let choice = Self.maximum(
                        pixels[first], pixels[first &+ second], pixels[first &+ third],
                        pixels[first &+ fourth], into: &maxima[output])
                    chosen?[row * width * parts + position] = choice
                    continue
                }
                var best = pixels[first]
                for offset in offsets {
                    let value = pixels[first + offset]
                    best.replace(with: value, where: value .> best)
                }
                maxima[output] = best
                if let chosen {
                    // Counts, from the last pixel back, how many precede the first maximum.
                    var choice = zero
                    for offset in offsets.reversed().dropFirst() {
                        choice = zero.replacing(
                            with: choice &+ one, where: pixels[first + offset] .!= best)
                    }
                    let isNotPositive = best .<= SIMD8<Float>(repeating: 0)
                    choice = choice | zero.replacing(with: flag, where: isNotPositive)
                    chosen[row * width * parts + position] =
                        SIMD8<UInt8>(truncatingIfNeeded: choice)
                }
            }
        }
    }

    /// The maximum of four pixels, and the choice: which was the first to have it, and whether it is
    /// positive.
    @inline(__always)
    private static func maximum(
        _ first: SIMD8<Float>, _ second: SIMD8<Float>, _ third: SIMD8<Float>,
        _ fourth: SIMD8<Float>, into maximum: inout SIMD8<Float>
    ) -> SIMD8<UInt8> {
        var best = first
        best.replace(with: second, where: second .> best)
        best.replace(with: third, where: third .> best)
        best.replace(with: fourth, where: fourth .> best)
        maximum = best
        let (zero, one) = (SIMD8<Int32>(repeating: 0), SIMD8<Int32>(repeating: 1))
        var choice = zero.replacing(with: one, where: third .!= best)
        choice = zero.replacing(with: choice &+ one, where: second .!= best)
        choice = zero.replacing(with: choice &+ one, where: first .!= best)
        let flag = SIMD8<Int32>(repeating: Int32(Self.notPositive))
        choice =
            choice | zero.replacing(with: flag, where: best .<= SIMD8<Float>(repeating: 0))
        return SIMD8<UInt8>(truncatingIfNeeded: choice)
    }

    func backwardF32(
        plane: Int, _ gradient: Buffer, _ sourceGradient: Buffer, _ choices: Buffer
    ) {
        let incoming = gradient.address.assumingMemoryBound(to: SIMD8<Float>.self)
        let outgoing = sourceGradient.address.assumingMemoryBound(to: SIMD8<Float>.self)
        let chosen = choices.address.assumingMemoryBound(to: SIMD8<UInt8>.self)
        let flag = SIMD8<Int32>(repeating: Int32(Self.notPositive))
        let (zero, slope) = (SIMD8<Float>(), SIMD8<Float>(repeating: slope))
        let parts = parts
        let start = source.start(ofPlane: plane)
        let offsets = windowOffsets.map { $0 * parts }
        let width = destination.size.width
        for y in 0..<destination.size.height {
            let corner = start + y * window.height * source.rowStride
            let target = destination.start(ofPlane: plane) + y * destination.rowStride
            let row = (plane * destination.size.height + y) * width * parts
            for position in 0..<(width * parts) {
                let (x, part) = parts == 1 ? (position, 0) : (position >> 1, position & 1)
                let first = (corner + x * window.width * source.pixelStride) * parts + part
                var value = incoming[(target + x * destination.pixelStride) * parts + part]
                var choice = SIMD8<Int32>(truncatingIfNeeded: chosen[row + position])
                let isNotPositive = choice .>= flag
                value.replace(with: value * slope, where: isNotPositive)
                choice.replace(with: choice &- flag, where: isNotPositive)
                for (index, offset) in offsets.enumerated() {
                    let isChosen = choice .== SIMD8<Int32>(repeating: Int32(index))
                    outgoing[first + offset] = zero.replacing(with: value, where: isChosen)
                }
            }
        }
        forEachUncovered(inPlaneAt: start) { vector in
            for part in 0..<parts { outgoing[vector * parts + part] = zero }
        }
    }
}
