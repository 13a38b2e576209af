// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Tensors
import Testing

@testable import Interchange

@Suite struct MatchingTests {
    typealias Sample = SampleEntries

    private func renamed(_ entries: [WeightEntry], _ name: (String) -> String) -> [WeightEntry] {
        entries.map { entry in
            var copy = entry
            copy.name = name(entry.name)
            return copy
        }
    }

    @Test(
        arguments: [
            { "module." + $0 }, { "_orig_mod.module." + $0 }, { $0 + ":0" }, { "model." + $0 },
            { "state_dict." + $0 },
            { (name: String) in String(name.map { $0 == "." ? "/" : $0 }) },
        ] as [@Sendable (String) -> String])
    func spellingsAreOneName(_ spell: @Sendable (String) -> String) throws {
        let a = try Sample.torchNet()
        let found = WeightComparison(a, renamed(a, spell))
        #expect(found.isEqual)
        #expect(found.pairs.allSatisfy { !$0.match.isRenaming })
        #expect(found.pairs.allSatisfy { $0.match != .name })
    }

    @Test func wordsOfKerasAreWordsOfPyTorch() {
        let a = ["d.kernel", "d.bias", "n/gamma", "n/beta", "n/moving_mean", "n/moving_variance"]
        let b = [
            "d.weight", "d.bias", "n.weight", "n.bias", "n.running_mean", "n.running_var",
        ]
        func entries(_ names: [String]) -> [WeightEntry] {
            names.enumerated().map { Sample.entry($0.element, [9], seed: UInt64($0.offset)) }
        }
        let found = WeightComparison(entries(a), entries(b))
        #expect(found.isEqual)
        #expect(found.pairs.map(\.b.name) == b)
    }

    @Test func ambiguousSpellingsAreLeftAlone() {
        // Two names of one file that the spelling would make one.
        let a = [Sample.entry("x.kernel", [9], seed: 1), Sample.entry("x.weight", [9], seed: 2)]
        let b = [Sample.entry("x/gamma", [9], seed: 3)]
        let found = WeightComparison(a, b)
        #expect(found.pairs.isEmpty)
        #expect(found.onlyInA.count == 2 && found.onlyInB.count == 1)
    }

    @Test func renamedTensorsAreFoundByTheirContent() throws {
        let a = try Sample.torchNet()
        let names = Dictionary(
            uniqueKeysWithValues: a.enumerated().map { ($0.element.name, "t\($0.offset)") })
        let found = WeightComparison(a, renamed(a) { names[$0]! })
        #expect(found.renamed.count == a.count)
        #expect(found.pairs.allSatisfy { $0.match == .digest && $0.outcome == .equal })
        #expect(found.pairs.allSatisfy { names[$0.a.name] == $0.b.name })
        #expect(found.isDifferent)
    }

    @Test func equalContentsArePairedInOrder() {
        func zeros(_ names: [String]) -> [WeightEntry] {
            names.map {
                WeightEntry(name: $0, tensor: Tensor([Float](repeating: 0, count: 9), shape: [9]))
            }
        }
        let found = WeightComparison(zeros(["a", "b", "c"]), zeros(["x", "y"]))
        #expect(found.pairs.map { $0.a.name + $0.b.name } == ["ax", "by"])
        #expect(found.onlyInA.map(\.name) == ["c"])
    }

    @Test func renamedAndTrainedTensorsAreProbablyTheSame() throws {
        let a = try Sample.torchNet()
        let b = try renamed(a) { "new.\($0)" }.map {
            WeightEntry(name: $0.name, tensor: try Sample.nudged(try $0.tensor(), by: 0.05))
        }
        let found = WeightComparison(a, b.reversed())
        // Six numbers may be alike by chance.
        #expect(found.onlyInA.map(\.name) == ["conv.bias"])
        #expect(found.pairs.count == a.count - 1)
        for pair in found.pairs {
            #expect(pair.match == .values)
            #expect(pair.b.name == "new." + pair.a.name)
            #expect(pair.reason == .values)
        }
    }

    @Test func unrelatedTensorsAreNotPaired() {
        let a = (0..<6).map { Sample.entry("a\($0)", [5, 7], seed: UInt64($0)) }
        let b = (0..<6).map { Sample.entry("b\($0)", [5, 7], seed: UInt64(100 + $0)) }
        let found = WeightComparison(a, b)
        #expect(found.pairs.isEmpty)
        #expect(found.onlyInA.count == 6 && found.onlyInB.count == 6)
    }

    @Test func onlyTensorsWithoutANameAreHashed() throws {
        let loads = Mutex([String: Int]())
        func counted(_ entry: WeightEntry) -> WeightEntry {
            WeightEntry(
                name: entry.name, elementType: entry.elementType!, shape: entry.shape
            ) { () throws(InterchangeError) in
                loads.withLock { $0[entry.name, default: 0] += 1 }
                return try entry.tensor()
            }
        }
        let a = [
            Sample.entry("named", [40], seed: 1), Sample.entry("old", [41], seed: 2),
            Sample.entry("lonely", [42], seed: 3),
        ].map(counted)
        let b = [Sample.entry("named", [40], seed: 1), Sample.entry("new", [41], seed: 2)]
        let found = WeightComparison(a, b)
        #expect(found.pairs.map(\.match) == [.name, .digest])
        let counts = loads.withLock { $0 }
        #expect(counts["named"] == 1)
        #expect(counts["lonely"] == nil)
    }

    @Test func batchNormalizationsMayLackWhatTheyDoNotNeed() throws {
        func norm(_ parameter: ParameterRole.Parameter, _ seed: UInt64) -> WeightEntry {
            WeightEntry(
                name: "bn/vars/\(seed)", tensor: Sample.tensor([6], seed: seed),
                role: Sample.role("bn", .batchNormalization, parameter))
        }
        let keras = [norm(.movingMean, 0), norm(.movingVariance, 1)]
        func torch(scale: Float) -> [WeightEntry] {
            [
                Sample.entry("bn.running_mean", [6], seed: 0),
                Sample.entry("bn.running_var", [6], seed: 1),
                WeightEntry(
                    name: "bn.weight", tensor: Tensor([1, 1, 1, 1, 1, scale], shape: [6])),
                WeightEntry(
                    name: "bn.num_batches_tracked",
                    tensor: Tensor(trusted: .i64, shape: .scalar, values: [Int64(7)])),
            ]
        }
        let found = WeightComparison(keras, torch(scale: 1))
        #expect(found.isEqual)
        #expect(found.implied.map(\.name) == ["bn.weight", "bn.num_batches_tracked"])
        #expect(!found.implied.contains { $0.isInA })
        let other = WeightComparison(keras, torch(scale: 2))
        #expect(other.onlyInB.map(\.name) == ["bn.weight"])
        // Two files of one framework are held to every tensor.
        let strict = WeightComparison(torch(scale: 1), Array(torch(scale: 1).dropLast()))
        #expect(strict.onlyInA.map(\.name) == ["bn.num_batches_tracked"])
    }
}
