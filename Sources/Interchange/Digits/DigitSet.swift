// SPDX-License-Identifier: Apache-2.0

import Dispatch
public import Tensors

/// Ten classes of generated handwriting, 28 x 28 grey pixels: data when there is no file at all.
///
/// Each image is a pure function of (seed, part, row): one of several ways to write a digit, its
/// points displaced, slanted, rotated, scaled, moved, drawn with a pen of random width, and noise.
/// Only additions, multiplications, divisions and square roots are used, which IEEE 754 rounds
/// alike everywhere, so every machine makes the same bytes.
public struct DigitSet: Sendable {
    public static let side = 28
    /// What the specification `digits` means.
    public static let standard = DigitSet(seed: 1, trainCount: 12_000, testCount: 2_000)

    public let seed: UInt64
    public let trainCount: Int
    public let testCount: Int

    public init(seed: UInt64, trainCount: Int, testCount: Int) {
        precondition(trainCount > 0 && testCount > 0)
        self.seed = seed
        self.trainCount = trainCount
        self.testCount = testCount
    }

    /// (N, 1, 28, 28) U8 with labels 0 to 9 in random order.
    public func images(of part: ImageDataSet.Part) -> LabelledImages {
        let count = part == .train ? trainCount : testCount
        let pixelCount = Self.side * Self.side
        let rowsPerBlock = 64
        // Streams of the two parts never meet.
        let firstRow: UInt64 = part == .train ? 0 : 1 << 40
        var labels = [Int](repeating: 0, count: count)
        let region = labels.withUnsafeMutableBufferPointer { labels in
            ByteRegion(count: count * pixelCount) { buffer in
                // Each iteration writes its own rows.
                nonisolated(unsafe) let pixels = buffer
                nonisolated(unsafe) let classes = labels
                let blocks = (count + rowsPerBlock - 1) / rowsPerBlock
                DispatchQueue.concurrentPerform(iterations: blocks) { block in
                    for row in (block * rowsPerBlock)..<min(count, (block + 1) * rowsPerBlock) {
                        var writer = DigitWriter(
                            seed: seed, row: firstRow + UInt64(row), side: Self.side)
                        classes[row] = writer.digit
                        writer.write(
                            to: UnsafeMutableRawBufferPointer(
                                rebasing: pixels[(row * pixelCount)..<((row + 1) * pixelCount)]))
                    }
                }
            }
        }
        do throws(TensorError) {
            return try LabelledImages(
                images: try Tensor(
                    .u8, shape: [count, 1, Self.side, Self.side], viewing: region),
                labels: labels, classCount: 10, classNames: MNISTFolder.digitNames)
        } catch {
            preconditionFailure(error.description)
        }
    }
}
