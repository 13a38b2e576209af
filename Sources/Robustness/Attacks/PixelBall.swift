// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors

/// The part of a norm ball that lies in the pixel box, around one clean image: where steps start,
/// how they go and how they are brought back.
///
/// Every image written is inside the ball in exact arithmetic: sums of `Float`s that round
/// outwards are pulled in by an ulp.
struct PixelBall {
    let norm: Norm
    /// Not above the exact epsilon.
    let epsilon: Double
    let step: Float
    /// Values of one image.
    let count: Int

    init(_ ball: NormBall, step: ExactFraction, count: Int) {
        norm = ball.norm
        epsilon = ball.epsilon.valueRoundedDown
        self.step = Float(step.value)
        self.count = count
    }

    /// For linf: the smallest admissible values of all pixels, then the largest. Empty for others.
    func bounds(around clean: UnsafePointer<Float>) -> [Float] {
        guard norm == .linf else { return [] }
        return [Float](unsafeUninitializedCapacity: 2 * count) { buffer, initialized in
            let lower = buffer.baseAddress.unsafelyUnwrapped
            writeBounds(around: clean, lower: lower, upper: lower + count)
            initialized = 2 * count
        }
    }

    private func writeBounds(
        around clean: UnsafePointer<Float>, lower: UnsafeMutablePointer<Float>,
        upper: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<count {
            let centre = Double(clean[index])
            let low = Float(centre - epsilon)
            let high = Float(centre + epsilon)
            // One ulp inwards, by the bits: below 0, where that is outwards, the box decides.
            let lowUlps: UInt32 = centre - Double(low) > epsilon ? 1 : 0
            let highUlps: UInt32 = Double(high) - centre > epsilon ? 1 : 0
            let raised = Float(bitPattern: low.bitPattern &+ lowUlps)
            let lowered = Float(bitPattern: high.bitPattern &- highUlps)
            lower[index] = low < 0 ? 0 : raised
            upper[index] = lowered > 1 ? 1 : lowered
        }
    }

    /// A random point: uniform in the ball, then clipped to the box.
    func writeStart(
        around clean: UnsafePointer<Float>, bounds: [Float], stream: inout RandomStream,
        into image: inout [Float]
    ) {
        if norm == .linf {
            let radius = Float(epsilon)
            for index in 0..<count {
                let value = clean[index] + stream.uniform(-radius, radius)
                image[index] = min(max(value, bounds[index]), bounds[count + index])
            }
            return
        }
        // A normal vector has a uniform direction; the d-th root makes the radius uniform in volume.
        let radius = epsilon * pow(Double(stream.uniform()), 1 / Double(count))
        var squares = 0.0
        for index in 0..<count {
            image[index] = stream.normal()
            squares += Double(image[index]) * Double(image[index])
        }
        let scale = squares > 0 ? radius / squares.squareRoot() : 0
        for index in 0..<count {
            image[index] = Float(Double(clean[index]) + scale * Double(image[index]))
        }
        image.withUnsafeMutableBufferPointer { buffer in
            let start = buffer.baseAddress.unsafelyUnwrapped
            project(start, moved: 0, along: start, around: clean)
        }
    }

    /// Moves `image` by one step along `gradient` and back into the ball and the box.
    ///
    /// - Returns: false when the gradient is exactly zero or not finite, and the image stays.
    func advance(
        _ image: inout [Float], along gradient: UnsafePointer<Float>,
        around clean: UnsafePointer<Float>, bounds: [Float]
    ) -> Bool {
        image.withUnsafeMutableBufferPointer { buffer in
            let image = buffer.baseAddress.unsafelyUnwrapped
            if norm == .linf {
                return bounds.withUnsafeBufferPointer { bounds in
                    let lower = bounds.baseAddress.unsafelyUnwrapped
                    return advanceBySign(
                        image, along: gradient, lower: lower, upper: lower + count)
                }
            }
            let length = ThreatModel.squaredLength(gradient, count: count).squareRoot()
            guard length > 0, length.isFinite else { return false }
            project(image, moved: Double(step) / length, along: gradient, around: clean)
            return true
        }
    }

    private func advanceBySign(
        _ image: UnsafeMutablePointer<Float>, along gradient: UnsafePointer<Float>,
        lower: UnsafePointer<Float>, upper: UnsafePointer<Float>
    ) -> Bool {
        let step = step
        var nonzero: UInt32 = 0
        for index in 0..<count {
            let slope = gradient[index]
            // sign(0) and sign(NaN) are 0.
            let move: Float = slope > 0 ? step : (slope < 0 ? -step : 0)
            nonzero |= move.bitPattern
            let value = image[index] + move
            let raised = value < lower[index] ? lower[index] : value
            image[index] = raised > upper[index] ? upper[index] : raised
        }
        return nonzero != 0
    }

    /// For l2: writes the point of the ball that is nearest to image + scale * direction, clipped to
    /// the box. The clean image lies in the box, so clipping can only bring the point nearer.
    private func project(
        _ image: UnsafeMutablePointer<Float>, moved scale: Double,
        along direction: UnsafePointer<Float>, around clean: UnsafePointer<Float>
    ) {
        var squares = SIMD8<Double>()
        for index in stride(from: 0, to: count, by: 8) {
            let lanes = min(8, count - index)
            let moved = image.eight(index, lanes) + scale * direction.eight(index, lanes)
            let change = moved - clean.eight(index, lanes)
            squares += change * change
        }
        let length = squares.sum().squareRoot()
        var shrink = length > epsilon ? epsilon / length : 1
        var scale = scale
        var slack = 0x1p-22
        repeat {
            for index in 0..<count {
                let centre = Double(clean[index])
                let moved = Double(image[index]) + scale * Double(direction[index])
                let value = Float(centre + shrink * (moved - centre))
                let raised: Float = value < 0 ? 0 : value
                image[index] = raised > 1 ? 1 : raised
            }
            // Rounding to `Float` can leave the point outside by some 1e-8. Doubling the slack makes
            // sure that the loop ends: at 1 the image is the clean one.
            scale = 0
            shrink = 1 - slack
            slack *= 2
        } while ThreatModel.distance(.l2, image, clean, count: count) > epsilon
    }
}
