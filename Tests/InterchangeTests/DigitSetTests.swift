// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors
import Testing

@Suite struct DigitSetTests {
    @Test func everyMachineMakesTheSameBytes() {
        // Recorded once; a change here makes every cache of logits on `digits` useless.
        let set = DigitSet.standard.images(of: .test)
        #expect(set.images.shape == [2000, 1, 28, 28])
        #expect(set.digest().short == "e282b79678d0")
    }

    @Test func aRowDoesNotDependOnHowManyAreMade() throws {
        let few = DigitSet(seed: 1, trainCount: 70, testCount: 1).images(of: .train)
        let more = DigitSet(seed: 1, trainCount: 200, testCount: 1).images(of: .train)
        #expect(few.digest() == (try more.rows(0..<70)).digest())
        let other = DigitSet(seed: 2, trainCount: 70, testCount: 1).images(of: .train)
        #expect(few.digest() != other.digest())
    }

    @Test func trainAndTestShareNoImage() {
        let train = rowDigests(DigitSet.standard.images(of: .train))
        let test = rowDigests(DigitSet.standard.images(of: .test))
        #expect(train.count == 12_000)
        #expect(test.count == 2_000)
        #expect(train.isDisjoint(with: test))
    }

    private func rowDigests(_ set: LabelledImages) -> Set<[UInt8]> {
        let size = LabelledImages.rowDigestByteCount
        return set.rowDigests().withUnsafeBytes { bytes in
            Set((0..<set.count).map { Array(bytes[($0 * size)..<(($0 + 1) * size)]) })
        }
    }

    @Test func everyDigitIsThereAboutEquallyOftenAndBrightEnough() throws {
        let set = DigitSet.standard.images(of: .test)
        for digit in 0..<10 {
            #expect((140...260).contains(set.labels.count { $0 == digit }))
        }
        let pixels = try set.images.integers()
        for row in 0..<set.count {
            let image = pixels[(row * 784)..<((row + 1) * 784)]
            // Ink on every picture, and never a border full of it.
            #expect(image.max()! > 120)
            #expect(image.reduce(0, +) < 784 * 110)
        }
    }
}
