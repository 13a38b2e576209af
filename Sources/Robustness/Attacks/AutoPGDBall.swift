// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The part of an linf or l2 ball that lies in the pixel box, around one clean image, for attacks
/// that make a point first and bring it back afterwards.
///
/// What is brought back is inside the ball in exact arithmetic.
struct AutoPGDBall {
    let norm: Norm
    /// Not above the exact epsilon.
    let epsilon: Double
    let clean: UnsafePointer<Float>
    /// Values of the image.
    let count: Int
    /// For linf: the smallest admissible values of all pixels, then the largest. Empty for l2.
    let bounds: [Float]

    init(_ ball: NormBall, around row: AttackRow) {
        norm = ball.norm
        epsilon = ball.epsilon.valueRoundedDown
        clean = row.clean
        count = row.count
        bounds = PixelBall(ball, step: ball.epsilon, count: row.count).bounds(around: row.clean)
    }

    /// Moves `image` to the nearest point of the ball, then clips it to the box, which can only
    /// bring it nearer to the clean image.
    func bringBack(_ image: UnsafeMutablePointer<Float>) {
        if norm == .linf {
            bounds.withUnsafeBufferPointer { bounds in
                let lower = bounds.baseAddress.unsafelyUnwrapped
                let upper = lower + count
                for index in 0..<count {
                    image[index] = Self.clamp(image[index], lower[index], upper[index])
                }
            }
            return
        }
        let length = ThreatModel.distance(.l2, image, clean, count: count)
        var shrink = length > epsilon ? epsilon / length : 1
        var slack = 0x1p-22
        repeat {
            for index in 0..<count {
                let centre = Double(clean[index])
                let value = Float(centre + shrink * (Double(image[index]) - centre))
                image[index] = Self.clamp(value, 0, 1)
            }
            // Rounding to `Float` can leave the point outside by some 1e-8. Doubling the slack
            // makes sure that the loop ends: at 1 the image is the clean one.
            shrink = 1 - slack
            slack *= 2
        } while ThreatModel.distance(.l2, image, clean, count: count) > epsilon
    }

    /// A random point on the sphere of radius epsilon, clipped to the box: uniform numbers over
    /// their largest for linf, a normal vector over its length for l2.
    func writeStart(stream: inout RandomStream, into image: inout [Float]) {
        image.withUnsafeMutableBufferPointer { buffer in
            let image = buffer.baseAddress.unsafelyUnwrapped
            for index in 0..<count {
                image[index] = norm == .linf ? stream.uniform(-1, 1) : stream.normal()
            }
            addScaled(image, to: epsilon)
        }
    }

    /// Turns a direction into the point that lies `radius` from the clean image along it, brought
    /// back into the ball and the box.
    func addScaled(_ direction: UnsafeMutablePointer<Float>, to radius: Double) {
        let length: Double
        if norm == .linf {
            var largest: Float = 0
            for index in 0..<count { largest = max(largest, abs(direction[index])) }
            length = Double(largest)
        } else {
            length = ThreatModel.squaredLength(direction, count: count).squareRoot()
        }
        let scale = length > 0 ? radius / length : 0
        for index in 0..<count {
            direction[index] = Float(Double(clean[index]) + scale * Double(direction[index]))
        }
        bringBack(direction)
    }

    /// NaN stays NaN.
    @inline(__always)
    static func clamp(_ value: Float, _ lower: Float, _ upper: Float) -> Float {
        let raised = value < lower ? lower : value
        return raised > upper ? upper : raised
    }
}
