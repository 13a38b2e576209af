// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import Tensors

/// Applies an ``Augmentation`` to one image at a time; owns the scratch memory that takes.
struct AugmentationKernel {
    private let augmentation: Augmentation
    private let channels: Int
    private let height: Int
    private let width: Int
    private let scratch: FloatBuffer
    private var noise: GaussianNoise

    /// - Parameter imageShape: (C, H, W).
    init(_ augmentation: Augmentation, imageShape: Shape) {
        self.augmentation = augmentation
        channels = imageShape[0]
        height = imageShape[1]
        width = imageShape[2]
        scratch = FloatBuffer(count: imageShape.elementCount)
        noise = GaussianNoise(count: augmentation.noise > 0 ? imageShape.elementCount : 0)
    }

    /// Changes `pixels`, (C, H, W) in [0, 1], in place.
    mutating func apply(
        to pixels: UnsafeMutablePointer<Float>, seed: UInt64, epoch: Int, row: Int
    ) {
        let key =
            UInt64(UInt32(truncatingIfNeeded: epoch)) << 32
            | UInt64(UInt32(truncatingIfNeeded: row))
        var random = RandomStream(seed: seed, purpose: .augmentation, row: key)
        // All five are drawn whatever is switched on, so that one setting does not stir another.
        let top = random.integer(below: 2 * augmentation.cropPadding + 1) - augmentation.cropPadding
        let left =
            random.integer(below: 2 * augmentation.cropPadding + 1) - augmentation.cropPadding
        let mirrored = random.next() >> 31 == 1
        let limit = Float(augmentation.shift)
        let down = random.uniform(-limit, limit)
        let right = random.uniform(-limit, limit)

        if top != 0 || left != 0 { crop(pixels, top: top, left: left) }
        if augmentation.horizontalFlip, mirrored { mirror(pixels) }
        if augmentation.shift > 0 { shift(pixels, down: down, right: right) }
        if augmentation.noise > 0 {
            var random = RandomStream(seed: seed, purpose: .noise, row: key)
            noise.add(to: pixels, deviation: Float(augmentation.noise), from: &random)
        }
    }

    /// out[y][x] = in[y + top][x + left], black outside.
    private func crop(_ pixels: UnsafeMutablePointer<Float>, top: Int, left: Int) {
        let source = copied(pixels)
        pixels.update(repeating: 0, count: scratch.count)
        // Padding may be wider than the image; then nothing of it may be left.
        guard abs(left) < width else { return }
        let columns = Swift.max(0, -left)..<Swift.min(width, width - left)
        for channel in 0..<channels {
            let plane = channel * height * width
            for y in 0..<height where (0..<height).contains(y + top) {
                let from = source + plane + (y + top) * width + columns.lowerBound + left
                (pixels + plane + y * width + columns.lowerBound).update(
                    from: from, count: columns.count)
            }
        }
    }

    private func mirror(_ pixels: UnsafeMutablePointer<Float>) {
        for line in 0..<(channels * height) {
            var pixels = UnsafeMutableBufferPointer(start: pixels + line * width, count: width)
            pixels.reverse()
        }
    }

    /// out[y][x] = in at (y - down, x - right), bilinear between pixels, black outside.
    private func shift(_ pixels: UnsafeMutablePointer<Float>, down: Float, right: Float) {
        let source = copied(pixels)
        let rows = Int((-down).rounded(.down))
        let columns = Int((-right).rounded(.down))
        let lower = -down - Float(rows)
        let after = -right - Float(columns)
        for channel in 0..<channels {
            let plane = channel * height * width
            func line(_ y: Int) -> UnsafePointer<Float>? {
                (0..<height).contains(y) ? source + plane + y * width : nil
            }
            for y in 0..<height {
                let first = line(y + rows)
                let second = line(y + rows + 1)
                for x in 0..<width {
                    let left = x + columns
                    let upperPair = pair(first, left, after)
                    let lowerPair = pair(second, left, after)
                    pixels[plane + y * width + x] = upperPair + lower * (lowerPair - upperPair)
                }
            }
        }
    }

    /// The value `after` of the way from column `x` to column `x + 1`.
    private func pair(_ line: UnsafePointer<Float>?, _ x: Int, _ after: Float) -> Float {
        guard let line else { return 0 }
        let first = x >= 0 && x < width ? line[x] : 0
        let second = x >= -1 && x < width - 1 ? line[x + 1] : 0
        return first + after * (second - first)
    }

    private func copied(_ pixels: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
        scratch.base.update(from: pixels, count: scratch.count)
        return UnsafePointer(scratch.base)
    }
}
