// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing

@testable import Interchange

@Suite struct WeightComparisonTests {
    typealias Sample = SampleEntries

    @Test func oneFileEqualsItself() throws {
        for entries in [Sample.kerasNet(), try Sample.torchNet(), []] {
            for isExact in [false, true] {
                let found = WeightComparison(
                    entries, entries, options: ComparisonOptions(isLayoutExact: isExact))
                #expect(found.isEqual)
                #expect(found.pairs.allSatisfy { $0.match == .name && $0.outcome == .equal })
                #expect(found.layers.isEmpty)
            }
        }
    }

    @Test func addedMissingReshapedRetypedAndChangedAreDifferences() throws {
        let a = [
            Sample.entry("gone", [8], seed: 1), Sample.entry("shape", [2, 6], seed: 2),
            Sample.entry("rank", [1], seed: 3), Sample.entry("type", [9], seed: 4),
            Sample.entry("value", [10], seed: 5), Sample.entry("same", [11], seed: 6),
        ]
        let half = try a[3].tensor().cast(to: .f16).tensor
        let b = [
            Sample.entry("same", [11], seed: 6), Sample.entry("new", [13], seed: 7),
            Sample.entry("shape", [3, 4], seed: 8), Sample.entry("rank", [], seed: 3),
            WeightEntry(name: "type", tensor: half),
            WeightEntry(
                name: "value", tensor: try Sample.nudged(try a[4].tensor(), by: 0.01)),
        ]
        let found = WeightComparison(a, b)
        #expect(!found.isEqual)
        #expect(found.isDifferent)
        #expect(found.onlyInA.map(\.name) == ["gone"])
        #expect(found.onlyInB.map(\.name) == ["new"])
        #expect(found.changed.map(\.a.name) == ["shape", "rank", "type", "value"])
        #expect(found.changed.map(\.reason) == [.shape, .shape, .type, .values])
        #expect(found.renamed.isEmpty)
        // Retyped tensors are compared all the same, in doubles.
        let retyped = try #require(found.changed[2].difference)
        #expect(retyped.maximum > 0 && retyped.maximum < 0.01)
        #expect(retyped.maximumULP == nil)
    }

    /// Each alone must be a difference: h5diff exits 0 on some of them.
    @Test func everyKindOfDifferenceAloneCounts() throws {
        let base = Sample.entry("w", [2, 6], seed: 1)
        let tensor = try base.tensor()
        let others: [[WeightEntry]] = [
            [], [base, Sample.entry("x", [1], seed: 2)],
            [WeightEntry(name: "w", tensor: try tensor.reshaped(to: [6, 2]))],
            [WeightEntry(name: "w", tensor: try tensor.reshaped(to: [12]))],
            [WeightEntry(name: "w", tensor: try tensor.cast(to: .f64).tensor)],
            [WeightEntry(name: "w", tensor: try Sample.nudged(tensor, by: 1e-6))],
            [WeightEntry(name: "v", tensor: tensor)],
        ]
        for other in others {
            #expect(WeightComparison([base], other).isDifferent)
            #expect(WeightComparison(other, [base]).isDifferent)
        }
    }

    @Test func toleranceCoversValuesAlone() throws {
        let a = [Sample.entry("w", [50], seed: 1)]
        let tensor = try a[0].tensor()
        let near = [WeightEntry(name: "w", tensor: try Sample.nudged(tensor, by: 1e-5))]
        let options = ComparisonOptions(tolerance: Tolerance(absolute: 1e-3))
        let found = WeightComparison(a, near, options: options)
        #expect(found.isEqual)
        #expect(found.pairs[0].outcome == .withinTolerance)
        #expect(WeightComparison(a, near).isDifferent)
        let wide = [WeightEntry(name: "w", tensor: try tensor.cast(to: .f64).tensor)]
        #expect(WeightComparison(a, wide, options: options).changed.map(\.reason) == [.type])
    }

    @Test func specialValuesFollowThePolicy() {
        func compare(_ a: [Float], _ b: [Float]) -> WeightComparison {
            WeightComparison(
                [WeightEntry(name: "w", tensor: Tensor(a, shape: [a.count]))],
                [WeightEntry(name: "w", tensor: Tensor(b, shape: [b.count]))],
                options: ComparisonOptions(tolerance: Tolerance(absolute: 1e9, relative: 1e9)))
        }
        let payload = Float(bitPattern: 0x7FC0_1234)
        #expect(compare([.nan, .infinity, 0], [payload, .infinity, -0.0]).isEqual)
        #expect(compare([.nan], [0]).isDifferent)
        #expect(compare([.infinity], [-.infinity]).isDifferent)
        #expect(compare([.infinity], [.greatestFiniteMagnitude]).isDifferent)
    }

    @Test func whatCannotBeReadIsNeitherEqualNorDifferent() {
        func quantised(_ type: String, _ shape: Shape) -> [WeightEntry] {
            [
                WeightEntry(
                    unread: "q", typeName: type, shape: shape, byteCount: 18,
                    reason: "is quantised", subject: "f")
            ]
        }
        let found = WeightComparison(quantised("Q4_K", [32]), quantised("Q4_K", [32]))
        #expect(!found.isEqual && !found.isDifferent)
        #expect(found.unread.count == 1)
        #expect(
            WeightComparison(quantised("Q4_K", [32]), quantised("Q8_0", [32])).changed
                .map(\.reason) == [.type])
        #expect(
            WeightComparison(quantised("Q4_K", [32]), quantised("Q4_K", [64])).changed
                .map(\.reason) == [.shape])
        let broken = WeightEntry(name: "w", elementType: .f32, shape: [2]) {
            () throws(InterchangeError) in throw InterchangeError(.malformed, "f", "is damaged")
        }
        let other = WeightComparison([broken], [Sample.entry("w", [2], seed: 1)])
        #expect(other.unread.first?.outcome == .unread("f: is damaged"))
        #expect(!other.isEqual)
    }

    @Test func layersAreRankedByHowFarTheyMoved() throws {
        let a = try Sample.torchNet()
        var b = a
        for (name, size) in [("conv.weight", Float(0.01)), ("fc.weight", 0.1), ("fc.bias", 0.2)] {
            let index = try #require(b.firstIndex { $0.name == name })
            b[index] = WeightEntry(
                name: name, tensor: try Sample.nudged(try b[index].tensor(), by: size))
        }
        let layers = WeightComparison(a, b).layers
        #expect(layers.map(\.layer) == ["fc", "conv"])
        #expect(layers.map(\.tensorCount) == [2, 1])
        #expect(layers[0].relativeL2 > 0.08 && layers[0].relativeL2 < 0.2)
        #expect(layers[1].relativeL2 > 0.008 && layers[1].relativeL2 < 0.02)
    }

    @Test func theWorstPositionIsGivenByAxis() throws {
        let a = Sample.entry("w", [4, 5, 6], seed: 1)
        var values = try a.tensor().floats()
        values[2 * 30 + 3 * 6 + 4] = 100
        let b = WeightEntry(name: "w", tensor: Tensor(values, shape: [4, 5, 6]))
        let pair = try #require(WeightComparison([a], [b]).changed.first)
        #expect(pair.worstIndex == [2, 3, 4])
        #expect(pair.difference?.worst?.b == 100)
    }
}
