// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Tensors

struct TensorStatisticsTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let expected: JSON
        let binCount: Int
        var testDescription: String { expected["name"]?.stringValue ?? "" }

        func tensor() throws -> Tensor {
            let type = try #require(
                expected["dtype"]?.stringValue.flatMap(ElementType.init(rawValue:)))
            let shape = try Shape(
                try #require(expected["shape"]?.arrayValue).compactMap(\.integerValue))
            guard let text = expected["bytes"]?.stringValue else {
                return Tensor(
                    (0..<shape.elementCount).map { Float($0 * 40503 % 65536) / 256 - 100 },
                    shape: shape)
            }
            let digits = Array(text.utf8)
            let bytes = try stride(from: 0, to: digits.count, by: 2).map {
                try #require(
                    UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16))
            }
            return try bytes.withUnsafeBytes { try Tensor(type, shape: shape, copying: $0) }
        }
    }

    static let cases: [Case] = {
        let text = try? String(contentsOfFile: fixture("tensors/statistics.json"), encoding: .utf8)
        guard let text, let json = try? JSON(parsing: text) else { return [] }
        let binCount = json["bins"]?.integerValue ?? 0
        return (json["cases"]?.arrayValue ?? []).map { Case(expected: $0, binCount: binCount) }
    }()

    @Test func thereAreCasesOfEveryType() {
        let types = Set(Self.cases.compactMap { $0.expected["dtype"]?.stringValue })
        #expect(types == Set(ElementType.allCases.map(\.rawValue)))
    }

    @Test(arguments: cases) func numbersAgreeWithNumpy(_ test: Case) throws {
        let tensor = try test.tensor()
        let found = TensorStatistics(tensor, binCount: test.binCount)
        let expected = test.expected
        #expect(found.count == tensor.shape.elementCount)
        #expect(found.finiteCount == expected["finite"]?.integerValue)
        #expect(found.zeroCount == expected["zeros"]?.integerValue)
        #expect(found.subnormalCount == expected["subnormal"]?.integerValue)
        #expect(found.nanCount == expected["nan"]?.integerValue)
        #expect(found.infinityCount == expected["inf"]?.integerValue)
        #expect(found.minimum == expected["min"]?.doubleValue)
        #expect(found.maximum == expected["max"]?.doubleValue)
        for (value, key) in [
            (found.mean, "mean"), (found.deviation, "std"), (found.norm, "l2"),
        ] {
            guard let number = expected[key]?.doubleValue else {
                #expect(value == nil, "\(key)")
                continue
            }
            let scale = max(abs(number), expected["std"]?.doubleValue ?? 0)
            #expect(abs(try #require(value) - number) <= 1e-12 * scale, "\(key)")
        }
        let bins = expected["histogram"]?.arrayValue?.compactMap(\.integerValue)
        #expect(found.histogram?.counts == bins)
    }

    /// A view that starts at an odd byte, as safetensors files may have them.
    @Test func unalignedElementsAreRead() throws {
        let values = (0..<1000).map { Float($0) * 0.5 - 100 }
        let region = ByteRegion(count: 4001) { target in
            values.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: target[1...]).copyMemory(from: $0)
            }
        }
        let unaligned = try Tensor(.f32, shape: [1000], viewing: region, at: 1)
        let aligned = Tensor(values, shape: [1000])
        #expect(TensorStatistics(unaligned) == TensorStatistics(aligned))
    }

    /// The first run of a block holds no finite element at all.
    @Test func aRunOfNaNBeforeDistantNumbersCostsNoPrecision() throws {
        let count = 3 * NumberReader.runLength
        let values = (0..<count).map {
            $0 < NumberReader.runLength ? Float.nan : 1_000_000 + Float($0 & 1)
        }
        let found = TensorStatistics(Tensor(values, shape: [count]))
        #expect(found.nanCount == NumberReader.runLength)
        #expect(found.mean == 1_000_000.5)
        #expect(found.deviation == 0.5)
    }

    @Test func valuesThatNeighbourInMemoryFallIntoTheirOwnBins() throws {
        let tensor = Tensor(
            trusted: .u8, shape: [256, 300], values: (0..<76_800).map { UInt8($0 & 255) })
        let found = try #require(TensorStatistics(tensor, binCount: 15).histogram)
        #expect(found.counts.reduce(0, +) == 76_800)
        #expect(found.counts == [Int](repeating: 5100, count: 14) + [5400])
    }

    @Test func blocksAreFewAndCoverEverything() {
        for count in [0, 1, 65_536, 65_537, 1 << 28, (1 << 28) + 1, 1 << 40] {
            let blocks = ElementBlocks(count: count)
            #expect((count + blocks.size - 1) / blocks.size <= 4096)
            #expect(blocks.size.isMultiple(of: NumberReader.runLength))
        }
        let ranges = ElementBlocks(count: 200_000).results { $0 }
        #expect(ranges.map(\.count).reduce(0, +) == 200_000)
        #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
    }

    @Test func deadChannelsAreFoundAlongAnyAxes() throws {
        // (3, 2, 2): row 1 is dead but for its sign; last-axis position 0 lives by one element.
        let values: [Float] = [0, 1, 0, 2, -0.0, 0, 0, -0.0, 5, 0, 0, 0]
        let tensor = Tensor(values, shape: [3, 2, 2])
        func activity(_ axes: Range<Int>) throws -> ChannelActivity {
            try #require(TensorStatistics(tensor, channelAxes: axes).channels)
        }
        #expect(try activity(0..<1).dead == [1])
        #expect(try activity(1..<2).dead == [])
        #expect(try activity(2..<3).dead == [])
        // Joined axes: channels (0,0), (0,1), (1,0), (1,1) across the rows.
        #expect(try activity(1..<3).dead == [2])
        #expect(try activity(0..<2).dead == [2, 3, 5])
        #expect(try activity(0..<2).channelCount == 6)
        #expect(TensorStatistics(tensor, channelAxes: 3..<4).channels == nil)
        let integers = Tensor(trusted: .i32, shape: [2, 1], values: [Int32.min, 0])
        #expect(TensorStatistics(integers, channelAxes: 0..<1).channels?.dead == [1])
        let many = Tensor([Float](repeating: 0, count: 100), shape: [100, 1])
        let dead = try #require(TensorStatistics(many, channelAxes: 0..<1).channels)
        #expect(dead.deadCount == 100)
        #expect(dead.dead == Array(0..<64))
    }
}
