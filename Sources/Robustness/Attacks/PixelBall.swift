// SPDX-License-Identifier: Apache-2.0

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
    /// For l1: how many values a step moves at most.
    let movers: Int

    /// - Parameter sparsity: for l1, the share of the values that a step moves.
    init(_ ball: NormBall, step: ExactFraction, count: Int, sparsity: ExactFraction? = nil) {
        norm = ball.norm
        epsilon = ball.epsilon.valueRoundedDown
        self.step = Float(step.value)
        self.count = count
        let share = (sparsity?.value ?? 1) * Double(count)
        movers = max(1, min(count, Int(share.rounded(.up))))
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
                image[index] = clean[index] + stream.uniform(-radius, radius)
            }
        } else if norm == .l1 {
            addTaxicabStart(around: clean, stream: &stream, to: &image)
        } else {
            addEuclideanStart(around: clean, stream: &stream, to: &image)
        }
        contain(&image, around: clean, bounds: bounds)
    }

    /// Brings `image` to the nearest point of the ball and then into the box; for l1 to the nearest
    /// point of both.
    func contain(_ image: inout [Float], around clean: UnsafePointer<Float>, bounds: [Float]) {
        image.withUnsafeMutableBufferPointer { buffer in
            let image = buffer.baseAddress.unsafelyUnwrapped
            switch norm {
            case .linf:
                for index in 0..<count {
                    image[index] = min(max(image[index], bounds[index]), bounds[count + index])
                }
            case .l1: projectTaxicab(image, moves: [], by: 0, around: clean)
            case .l2, .l0: projectEuclidean(image, moved: 0, along: image, around: clean)
            }
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
            switch norm {
            case .linf:
                return bounds.withUnsafeBufferPointer { bounds in
                    let lower = bounds.baseAddress.unsafelyUnwrapped
                    return advanceBySign(
                        image, along: gradient, lower: lower, upper: lower + count)
                }
            case .l1: return advanceSparsely(image, along: gradient, around: clean)
            case .l2, .l0:
                let length = ThreatModel.squaredLength(gradient, count: count).squareRoot()
                guard length > 0, length.isFinite else { return false }
                projectEuclidean(
                    image, moved: Double(step) / length, along: gradient, around: clean)
                return true
            }
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
}
