// SPDX-License-Identifier: Apache-2.0

// The same over bf16, compared as integers: for sign-magnitude numbers, flipping the lower bits of
// the negative ones gives integers in the same order.
extension DisjointMaxPool {
    func forwardBF16(
        rows: Range<Int>, _ from: Buffer, _ to: Buffer, _ choices: Buffer?
    ) {
        let pixels = from.address.assumingMemoryBound(to: SIMD16<Int16>.self)
        let maxima = to.address.assumingMemoryBound(to: SIMD16<Int16>.self)
        let chosen = choices?.address.assumingMemoryBound(to: SIMD16<UInt8>.self)
        let (zero, one) = (SIMD16<Int16>(repeating: 0), SIMD16<Int16>(repeating: 1))
        let offsets = windowOffsets
        let flag = SIMD16<Int16>(repeating: Int16(Self.notPositive))
        for row in rows {
            let (plane, y) = row.quotientAndRemainder(dividingBy: destination.size.height)
            var corner = source.start(ofPlane: plane) + y * window.height * source.rowStride
            var target = destination.start(ofPlane: plane) + y * destination.rowStride
            for x in 0..<destination.size.width {
                var best = SIMD16<Int16>(repeating: .min)
                for offset in offsets {
                    let value = ordered(pixels[corner + offset])
                    best.replace(with: value, where: value .> best)
                }
                maxima[target] = ordered(best)
                if let chosen {
                    var choice = zero
                    for offset in offsets.reversed().dropFirst() {
                        let value = ordered(pixels[corner + offset])
                        choice = zero.replacing(with: choice &+ one, where: value .!= best)
                    }
                    choice = choice | zero.replacing(with: flag, where: best .<= zero)
                    chosen[row * destination.size.width + x] =
                        SIMD16<UInt8>(truncatingIfNeeded: choice)
                }
                corner += window.width * source.pixelStride
                target += destination.pixelStride
            }
        }
    }

    func backwardBF16(
        plane: Int, _ gradient: Buffer, _ sourceGradient: Buffer, _ choices: Buffer
    ) {
        let incoming = gradient.address.assumingMemoryBound(to: SIMD16<Int16>.self)
        let outgoing = sourceGradient.address.assumingMemoryBound(to: SIMD16<Int16>.self)
        let chosen = choices.address.assumingMemoryBound(to: SIMD16<UInt8>.self)
        let zero = SIMD16<Int16>(repeating: 0)
        let start = source.start(ofPlane: plane)
        let offsets = windowOffsets
        // Without an activation the flag is dropped; with ReLU it matches no pixel.
        let kept = SIMD16<Int16>(repeating: slope == 0 ? -1 : ~Int16(Self.notPositive))
        for y in 0..<destination.size.height {
            var corner = start + y * window.height * source.rowStride
            var position = destination.start(ofPlane: plane) + y * destination.rowStride
            let row = (plane * destination.size.height + y) * destination.size.width
            for x in 0..<destination.size.width {
                let value = incoming[position]
                let choice = SIMD16<Int16>(truncatingIfNeeded: chosen[row + x]) & kept
                for (index, offset) in offsets.enumerated() {
                    let isChosen = choice .== SIMD16<Int16>(repeating: Int16(index))
                    outgoing[corner + offset] = zero.replacing(with: value, where: isChosen)
                }
                corner += window.width * source.pixelStride
                position += destination.pixelStride
            }
        }
        forEachUncovered(inPlaneAt: start) { outgoing[$0] = zero }
    }

    /// bf16 bits to an integer of the same order, and back.
    @inline(__always)
    private func ordered(_ bits: SIMD16<Int16>) -> SIMD16<Int16> {
        bits ^ ((bits &>> 15) & 0x7FFF)
    }
}
