// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing

@testable import Interchange

/// One model in two frameworks' layouts, and the wrong conversions of `formats.md` 2.7: right ones
/// are equal, wrong ones are caught, and the report says what went wrong.
@Suite struct LayoutComparisonTests {
    typealias Sample = SampleEntries

    @Test func aKerasNetEqualsItsTwinInPyTorch() throws {
        let found = WeightComparison(Sample.kerasNet(), try Sample.torchNet())
        #expect(found.isEqual)
        let rules = found.pairs.compactMap(\.alignment.text)
        #expect(
            rules == [
                "A: HWIO -> OIHW", "A: HWIM -> (I*M)1HW", "A: HWOI -> IOHW",
                "A: (in, out) -> (out, in), rows from (3, 2, 4) HWC to CHW",
            ])
        #expect(found.pairs.allSatisfy { $0.alignment.basis != .shapes })
        let back = WeightComparison(try Sample.torchNet(), Sample.kerasNet())
        #expect(back.isEqual)
        #expect(back.pairs.compactMap(\.alignment.text).first == "B: HWIO -> OIHW")
    }

    @Test func rolesOfBothSidesSettleTheRule() throws {
        let torch = try Sample.kerasNet().map { try $0.converted(to: .pytorch) }
        let found = WeightComparison(Sample.kerasNet(), torch)
        #expect(found.isEqual)
        let moved = found.pairs.filter { $0.alignment.text != nil }
        #expect(moved.count == 4)
        #expect(moved.allSatisfy { $0.alignment.basis == .roles })
    }

    @Test func filesWithoutRolesAreComparedByTheirShapes() throws {
        let bare = Sample.kerasNet().map { entry in
            var bare = entry
            let role = entry.role!
            bare.name = "\(role.layer)/\(role.kerasName)"
            bare.role = nil
            return bare
        }
        let found = WeightComparison(bare, try Sample.torchNet())
        #expect(found.isEqual)
        let dense = try #require(found.pairs.first { $0.a.name == "fc/kernel" })
        // 4 channels are known from the convolution before it.
        #expect(dense.alignment.basis == .values)
        #expect(dense.alignment.text?.contains("6 pixels and 4 channels") == true)
    }

    @Test func exactLayoutsSwitchThatOff() throws {
        let found = WeightComparison(
            Sample.kerasNet(), try Sample.torchNet(),
            options: ComparisonOptions(isLayoutExact: true))
        #expect(
            found.changed.map(\.a.role!.layer) == ["conv", "dw", "up", "fc"])
        #expect(found.changed.allSatisfy { $0.reason == .shape })
        #expect(found.pairs.allSatisfy { $0.alignment.text == nil })
        // What was switched off is still told.
        #expect(found.changed[0].hint == "A would equal B with A: HWIO -> OIHW")
    }

    @Test func aFlattenOrderThatNobodyStatesIsInferred() throws {
        var keras = Sample.kerasNet()
        let index = try #require(keras.firstIndex { $0.role?.flatten != nil })
        keras[index].role?.flatten = nil
        let torch = try Sample.kerasNet().map {
            var moved = try $0.converted(to: .pytorch)
            moved.role?.flatten = nil
            return moved
        }
        let found = WeightComparison(keras, torch)
        #expect(found.isEqual)
        #expect(found.pairs[index].alignment.basis == .values)
    }

    @Test func twoFilesOfOneLayoutAreHeldToTheirShapes() throws {
        let tensor = Sample.tensor([3, 8], seed: 1)
        let moved = tensor.permuted(seenAs: [3, 8], order: [1, 0], shape: [8, 3])
        for name in ["fc.weight", "fc/kernel", "fc"] {
            let found = WeightComparison(
                [WeightEntry(name: name, tensor: tensor)], [WeightEntry(name: name, tensor: moved)])
            #expect(found.changed.map(\.reason) == [.shape])
            #expect(found.changed.first?.hint?.contains("(in, out) -> (out, in)") == true)
        }
    }

    @Test func squareKernelsFollowTheWordsOfTheFiles() throws {
        let tensor = Sample.tensor([8, 8], seed: 1)
        let moved = tensor.permuted(seenAs: [8, 8], order: [1, 0], shape: [8, 8])
        let keras = [WeightEntry(name: "fc/kernel", tensor: tensor)]
        let right = WeightComparison(keras, [WeightEntry(name: "fc.weight", tensor: moved)])
        #expect(right.isEqual)
        #expect(right.pairs.first?.alignment.text == "A: (in, out) -> (out, in)")
        // PyTorch's words around Keras's axes: equal, and told to be so.
        let kept = WeightComparison(keras, [WeightEntry(name: "fc.weight", tensor: tensor)])
        #expect(kept.isEqual)
        #expect(kept.pairs.first?.alignment.text == nil)
    }

    /// The conversion that goes wrong, applied to PyTorch's twin; what the hint must mention.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let name: String
        let tensor: String
        let hint: String?
        let convert: @Sendable (Tensor) -> Tensor
        var testDescription: String { name }
    }

    static let mistakes = [
        Mistake(
            name: "a flattened kernel transposed without reordering its rows", tensor: "fc.weight",
            hint: "6 pixels of 4 channels"
        ) { $0.permuted(seenAs: [24, 10], order: [1, 0], shape: [10, 24]) },
        Mistake(
            name: "a depthwise kernel with its channels counted multiplier first",
            tensor: "dw.weight", hint: "depthwise channels"
        ) { $0.permuted(seenAs: [3, 5, 6, 2], order: [3, 2, 0, 1], shape: [12, 1, 3, 5]) },
        Mistake(
            name: "a depthwise kernel treated as a plain one", tensor: "dw.weight",
            hint: "A: HWIO -> OIHW"
        ) { $0.permuted(seenAs: [3, 5, 6, 2], order: [3, 2, 0, 1], shape: [2, 6, 3, 5]) },
        Mistake(
            name: "a kernel whose bytes were only reshaped", tensor: "conv.weight",
            hint: nil
        ) { try! $0.reshaped(to: [6, 2, 3, 5]) },
        Mistake(
            name: "a kernel with its width before its height", tensor: "conv.weight",
            hint: nil
        ) { $0.permuted(seenAs: [3, 5, 2, 6], order: [3, 2, 1, 0], shape: [6, 2, 5, 3]) },
        Mistake(
            name: "a transposed convolution with its channels swapped", tensor: "up.weight",
            hint: nil
        ) { $0.permuted(seenAs: [2, 3, 4, 12], order: [2, 3, 0, 1], shape: [4, 12, 2, 3]) },
        Mistake(name: "a kernel left as it was", tensor: "conv.weight", hint: nil) { $0 },
    ]

    @Test(arguments: mistakes)
    func wrongConversionsAreCaught(_ mistake: Mistake) throws {
        let keras = Sample.kerasNet().map { entry in
            var entry = entry
            entry.name = "\(entry.role!.layer).\(entry.role!.pytorchName)"
            return entry
        }
        let source = try #require(keras.first { $0.name == mistake.tensor })
        let wrong = mistake.convert(try source.tensor())
        let twin = try keras.map {
            var moved = try $0.converted(to: .pytorch)
            if moved.name == mistake.tensor {
                moved = WeightEntry(name: moved.name, tensor: wrong, role: moved.role)
            }
            return moved
        }
        let found = WeightComparison(keras, twin)
        #expect(found.changed.map(\.a.name) == [mistake.tensor])
        if let hint = mistake.hint {
            #expect(found.changed.first?.hint?.contains(hint) == true, "\(found.changed)")
        }
    }

    @Test func aSquareKernelTransposedOnceTooOftenIsCaughtAndExplained() throws {
        let square = Sample.tensor([12, 12], seed: 1)
        let moved = square.permuted(seenAs: [12, 12], order: [1, 0], shape: [12, 12])
        let found = WeightComparison(
            [WeightEntry(name: "fc.weight", tensor: square)],
            [WeightEntry(name: "fc.weight", tensor: moved)])
        #expect(found.changed.first?.hint == "A would equal B with its axes in the order (1, 0)")
    }

    @Test func anAttentionSplitByHeadsEqualsTheJoinedOne() throws {
        let query = Sample.tensor([6, 2, 4], seed: 1)
        let output = Sample.tensor([2, 4, 6], seed: 2)
        let keras = [
            WeightEntry(name: "q.kernel", tensor: query),
            WeightEntry(name: "o.kernel", tensor: output),
        ]
        let torch = [
            WeightEntry(
                name: "q.weight",
                tensor: query.permuted(seenAs: [6, 8], order: [1, 0], shape: [8, 6])),
            WeightEntry(
                name: "o.weight",
                tensor: output.permuted(seenAs: [8, 6], order: [1, 0], shape: [6, 8])),
        ]
        #expect(WeightComparison(keras, torch).isEqual)
    }

    @Test func renamedKernelsAreFoundInTheOtherLayout() throws {
        let torch = try Sample.torchNet().map { entry in
            var entry = entry
            entry.name = "other.\(entry.name)x"
            return entry
        }
        let found = WeightComparison(Sample.kerasNet(), torch)
        #expect(found.pairs.count == torch.count)
        #expect(found.pairs.allSatisfy { $0.outcome == .equal && $0.match.isRenaming })
    }
}
