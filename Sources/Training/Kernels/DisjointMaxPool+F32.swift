// SPDX-License-Identifier: Apache-2.0

// Vector types are spelled out: comparisons of generic ones are compiled lane by lane.
extension DisjointMaxPool {
    func forwardF32(
        rows: Range<Int>, _ from: Buffer, _ to: Buffer, _ choices: Buffer?
    ) {
        let pixels = from.address.assumingMemoryBound(to: SIMD16<Float>.self)
        let maxima = to.address.assumingMemoryBound(to: SIMD16<Float>.self)
        let chosen = choices?.address.assumingMemoryBound(to: SIMD16<UInt8>.self)
        let flag = SIMD16<Int32>(repeating: Int32(Self.notPositive))
        let (zero, one) = (SIMD16<Int32>(repeating: 0), SIMD16<Int32>(repeating: 1))
        let offsets = windowOffsets
        for row in rows {
            let (plane, y) = row.quotientAndRemainder(dividingBy: destination.size.height)
            var corner = source.start(ofPlane: plane) + y * window.height * source.rowStride
            var target = destination.start(ofPlane: plane) + y * destination.rowStride
            for x in 0..<destination.size.width {
                var best = pixels[corner]
                for offset in offsets {
                    let value = pixels[corner + offset]
                    best.replace(with: value, where: value .> best)
                }
                maxima[target] = best
                if let chosen {
                    // Counts, from the last pixel back, how many precede the first maximum.
                    var choice = zero
                    for offset in offsets.reversed().dropFirst() {
                        choice = zero.replacing(
                            with: choice &+ one, where: pixels[corner + offset] .!= best)
                    }
                    let isNotPositive = best .<= SIMD16<Float>(repeating: 0)
                    choice = choice | zero.replacing(with: flag, where: isNotPositive)
                    chosen[row * destination.size.width + x] =
                        SIMD16<UInt8>(truncatingIfNeeded: choice)
                }
                corner += window.width * source.pixelStride
                target += destination.pixelStride
            }
        }
    }

    func backwardF32(
        plane: Int, _ gradient: Buffer, _ sourceGradient: Buffer, _ choices: Buffer
    ) {
        let incoming = gradient.address.assumingMemoryBound(to: SIMD16<Float>.self)
        let outgoing = sourceGradient.address.assumingMemoryBound(to: SIMD16<Float>.self)
        let chosen = choices.address.assumingMemoryBound(to: SIMD16<UInt8>.self)
        let flag = SIMD16<Int32>(repeating: Int32(Self.notPositive))
        let (zero, slope) = (SIMD16<Float>(), SIMD16<Float>(repeating: slope))
        let start = source.start(ofPlane: plane)
        let offsets = windowOffsets
        for y in 0..<destination.size.height {
            var corner = start + y * window.height * source.rowStride
            var position = destination.start(ofPlane: plane) + y * destination.rowStride
            let row = (plane * destination.size.height + y) * destination.size.width
            for x in 0..<destination.size.width {
                var value = incoming[position]
                var choice = SIMD16<Int32>(truncatingIfNeeded: chosen[row + x])
                let isNotPositive = choice .>= flag
                value.replace(with: value * slope, where: isNotPositive)
                choice.replace(with: choice &- flag, where: isNotPositive)
                for (index, offset) in offsets.enumerated() {
                    let isChosen = choice .== SIMD16<Int32>(repeating: Int32(index))
                    outgoing[corner + offset] = zero.replacing(with: value, where: isChosen)
                }
                corner += window.width * source.pixelStride
                position += destination.pixelStride
            }
        }
        forEachUncovered(inPlaneAt: start) { outgoing[$0] = zero }
    }
}
