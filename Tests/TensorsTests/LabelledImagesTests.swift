// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Tensors

struct LabelledImagesTests {
    let images = Tensor(
        trusted: .u8, shape: [3, 1, 1, 2], values: [UInt8]([0, 255, 51, 102, 5, 6]))

    @Test func pixelsAreScaledToTheUnitInterval() throws {
        let set = try LabelledImages(images: images, labels: [0, 1, 2], classCount: 3)
        #expect(set.pixels(0..<2) == [0, 1, 0.2, 0.4])
        let float = try LabelledImages(
            images: Tensor([0.25, 0.5], shape: [1, 1, 1, 2]), labels: [0], classCount: 1)
        #expect(float.pixels(0..<1) == [0.25, 0.5])
        #expect(set.imageShape == [1, 1, 2])
    }

    @Test func partsThatDoNotFitAreRefused() {
        #expect(throws: TensorError.self) {
            try LabelledImages(images: images, labels: [0, 1], classCount: 3)
        }
        #expect(throws: TensorError.self) {
            try LabelledImages(images: images, labels: [0, 1, 3], classCount: 3)
        }
        #expect(throws: TensorError.self) {
            try LabelledImages(
                images: images.reshaped(to: [3, 2]), labels: [0, 1, 2], classCount: 3)
        }
    }

    @Test func rowDigestsFollowTheirRows() throws {
        let set = try LabelledImages(images: images, labels: [0, 1, 2], classCount: 3)
        let digests = set.rowDigests()
        #expect(digests.shape == [3, 16])
        #expect(try set.rows(1..<3).rowDigests() == digests.rows(1..<3))
        let first = Array(Digest(hashing: [0, 255]).bytes.prefix(16)).map(Int.init)
        #expect(try digests.rows(0..<1).integers() == first)
    }

    @Test func theDigestCoversPixelsAndLabels() throws {
        let one = try LabelledImages(images: images, labels: [0, 1, 2], classCount: 3)
        let other = try LabelledImages(images: images, labels: [0, 1, 1], classCount: 3)
        #expect(one.digest() != other.digest())
    }
}
