// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors

extension PixelBall {
    /// For l2: sets `image` to a point that is uniform in the ball, in the box or not.
    func addEuclideanStart(
        around clean: UnsafePointer<Float>, stream: inout RandomStream, to image: inout [Float]
    ) {
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
    }

    /// For l2: writes the point of the ball that is nearest to image + scale * direction, clipped to
    /// the box. The clean image lies in the box, so clipping can only bring the point nearer.
    func projectEuclidean(
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
