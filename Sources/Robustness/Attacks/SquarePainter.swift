// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Draws Square's random changes into images inside a ball.
struct SquarePainter {
    let channels: Int
    let height: Int
    let width: Int
    private let ball: AutoPGDBall

    /// - Parameter shape: (C, H, W).
    init(shape: Shape, ball: AutoPGDBall) {
        channels = shape[0]
        height = shape[1]
        width = shape[2]
        self.ball = ball
    }

    /// A square window of one image.
    private struct Window {
        let top: Int
        let left: Int
        let side: Int

        func contains(line: Int, column: Int) -> Bool {
            (top..<(top + side)).contains(line) && (left..<(left + side)).contains(column)
        }
    }

    private func sign(_ stream: inout RandomStream) -> Float {
        stream.next() >> 31 == 0 ? -1 : 1
    }

    /// Uniform over all places. The authors' code never draws the last one.
    private func window(side: Int, stream: inout RandomStream) -> Window {
        let top = stream.integer(below: height - side + 1)
        let left = stream.integer(below: width - side + 1)
        return Window(top: top, left: left, side: side)
    }

    /// The image the search starts from: vertical stripes for linf, a grid of bumps for l2.
    ///
    /// - Parameter image: the clean one before.
    func paintStart(_ image: inout [Float], stream: inout RandomStream) {
        if ball.norm == .linf {
            for channel in 0..<channels {
                for column in 0..<width {
                    let isHigh = sign(&stream) > 0
                    for line in 0..<height {
                        let index = (channel * height + line) * width + column
                        image[index] = ball.bounds[isHigh ? ball.count + index : index]
                    }
                }
            }
            return
        }
        paintGrid(&image, stream: &stream)
    }

    private func paintGrid(_ image: inout [Float], stream: inout RandomStream) {
        let side = max(min(height, width) / 5, 1)
        let (lines, columns) = (height / side, width / side)
        for index in image.indices { image[index] = 0 }
        for line in 0..<lines {
            for column in 0..<columns {
                let window = Window(
                    top: (height - lines * side) / 2 + line * side,
                    left: (width - columns * side) / 2 + column * side, side: side)
                let bump = bump(side: side, stream: &stream)
                for channel in 0..<channels {
                    let sign = sign(&stream)
                    forEachPixel(of: window, channel: channel) { index, place in
                        image[index] = sign * bump[place]
                    }
                }
            }
        }
        image.withUnsafeMutableBufferPointer {
            ball.addScaled($0.baseAddress.unsafelyUnwrapped, to: ball.epsilon)
        }
    }

    /// Changes one random window.
    ///
    /// - Returns: whether anything is different.
    func paintWindow(_ image: inout [Float], side: Int, stream: inout RandomStream) -> Bool {
        let window = window(side: side, stream: &stream)
        if ball.norm == .l2 {
            moveMass(&image, into: window, stream: &stream)
            return true
        }
        var differs = false
        for channel in 0..<channels {
            let offset = sign(&stream) > 0 ? ball.count : 0
            forEachPixel(of: window, channel: channel) { index, _ in
                let value = ball.bounds[offset + index]
                if image[index] != value { differs = true }
                image[index] = value
            }
        }
        return differs
    }

    /// For l2: takes the change out of a second random window and puts its mass, and what is unused
    /// of epsilon, into the first (Andriushchenko et al., 2020, algorithm 3).
    private func moveMass(
        _ image: inout [Float], into window: Window, stream: inout RandomStream
    ) {
        let other = self.window(side: window.side, stream: &stream)
        let bump = bump(side: window.side, stream: &stream)
        for index in image.indices { image[index] -= ball.clean[index] }
        let total = squares(image)
        let freed = squaresOfBoth(image, window, other)
        let unused = max(ball.epsilon * ball.epsilon - total, 0)
        let length = (unused / Double(channels) + freed).squareRoot()
        var patches: [[Float]] = []
        for channel in 0..<channels {
            let sign = sign(&stream)
            var old = 0.0
            forEachPixel(of: window, channel: channel) { index, _ in
                old += Double(image[index]) * Double(image[index])
            }
            let scale = old > 0 ? Float(1 / old.squareRoot()) : 0
            var patch = bump
            forEachPixel(of: window, channel: channel) { index, place in
                patch[place] = sign * bump[place] + image[index] * scale
            }
            let size = squares(patch).squareRoot()
            let stretch = size > 0 ? Float(length / size) : 0
            patches.append(patch.map { $0 * stretch })
        }
        for channel in 0..<channels {
            forEachPixel(of: other, channel: channel) { index, _ in image[index] = 0 }
        }
        for channel in 0..<channels {
            forEachPixel(of: window, channel: channel) { index, place in
                image[index] = patches[channel][place]
            }
        }
        image.withUnsafeMutableBufferPointer {
            ball.addScaled($0.baseAddress.unsafelyUnwrapped, to: ball.epsilon)
        }
    }

    private func bump(side: Int, stream: inout RandomStream) -> [Float] {
        SquareBump.pattern(side: side, isTransposed: sign(&stream) > 0)
    }

    /// Calls `body` with each pixel's index in the image and in the window.
    private func forEachPixel(of window: Window, channel: Int, _ body: (Int, Int) -> Void) {
        for line in 0..<window.side {
            let first = (channel * height + window.top + line) * width + window.left
            for column in 0..<window.side {
                body(first + column, line * window.side + column)
            }
        }
    }

    private func squares(_ values: [Float]) -> Double {
        ThreatModel.squaredLength(values, count: values.count)
    }

    /// Over the pixels that lie in either window.
    private func squaresOfBoth(_ image: [Float], _ one: Window, _ other: Window) -> Double {
        var sum = 0.0
        for channel in 0..<channels {
            forEachPixel(of: other, channel: channel) { index, _ in
                sum += Double(image[index]) * Double(image[index])
            }
            forEachPixel(of: one, channel: channel) { index, place in
                let (line, column) = (place / one.side, place % one.side)
                guard !other.contains(line: one.top + line, column: one.left + column) else {
                    return
                }
                sum += Double(image[index]) * Double(image[index])
            }
        }
        return sum
    }
}
