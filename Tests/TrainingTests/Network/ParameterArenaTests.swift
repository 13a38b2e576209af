// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing
import Training

struct ParameterArenaTests {
    let graph: Graph

    init() throws {
        graph = try Architecture.resnet20.graph(imageShape: [3, 32, 32], classCount: 10)
    }

    @Test func slotsAreAlignedDisjointAndTrainableFirst() throws {
        let arena = ParameterArena(graph: graph, seed: 1)
        var end = 0
        for slot in arena.slots {
            #expect(slot.offset % 16 == 0)
            #expect(slot.offset >= end)
            #expect(
                slot.specification.isTrainable == (slot.range.upperBound <= arena.trainableCount))
            end = slot.range.upperBound
        }
        #expect(arena.slots.count == graph.parameters.count)
        #expect(arena.gradients.count == arena.trainableCount)
        #expect(UInt(bitPattern: arena.values.baseAddress) % 64 == 0)
        #expect(UInt(bitPattern: arena.gradients.baseAddress) % 64 == 0)
    }

    @Test func initialisationIsHeBeforeReluAndGlorotElsewhere() throws {
        let arena = ParameterArena(graph: graph, seed: 7)
        let hidden = try #require(arena["layer3.0.conv2/weight"])
        let values = arena.values(of: hidden)
        let variance = values.reduce(0) { $0 + $1 * $1 } / Float(values.count)
        #expect(abs(variance / (2 / 576) - 1) < 0.05)
        let last = try #require(arena["fc/weight"])
        let bound = (6 / Float(64 + 10)).squareRoot()
        #expect(arena.values(of: last).allSatisfy { abs($0) <= bound })
        #expect(arena.values(of: last).contains { abs($0) > 0.95 * bound })
        for (name, value) in [("fc/bias", Float(0)), ("bn1/weight", 1), ("bn1/running_var", 1)] {
            let slot = try #require(arena[name])
            #expect(arena.values(of: slot).allSatisfy { $0 == value })
        }
    }

    @Test func equalSeedsGiveEqualParametersAndOthersDoNot() {
        let tensors = ParameterArena(graph: graph, seed: 3).tensors()
        #expect(tensors == ParameterArena(graph: graph, seed: 3).tensors())
        #expect(tensors != ParameterArena(graph: graph, seed: 4).tensors())
        #expect(tensors.names == graph.parameters.map(\.name))
    }

    @Test func loadedTensorsComeBackAndOtherNumberKindsAreConverted() throws {
        let tensors = ParameterArena(graph: graph, seed: 5).tensors()
        let arena = ParameterArena(graph: graph, seed: 6)
        let version = arena.version
        try arena.load(tensors)
        #expect(arena.tensors() == tensors)
        #expect(arena.version > version)
        var doubles = tensors
        doubles["fc/bias"] = Tensor(
            trusted: .f64, shape: [10], values: (0..<10).map { Double($0) / 4 })
        try arena.load(doubles)
        let bias = try #require(arena["fc/bias"])
        #expect(Array(arena.values(of: bias)) == (0..<10).map { Float($0) / 4 })
    }

    @Test func tensorsThatDoNotFitAreNamedAndNothingChanges() throws {
        let arena = ParameterArena(graph: graph, seed: 5)
        let before = arena.tensors()
        var missing = ParameterArena(graph: graph, seed: 6).tensors()
        var shaped = missing
        var unknown = missing
        missing["bn1/bias"] = nil
        shaped["fc/weight"] = Tensor([Float](repeating: 0, count: 640), shape: [64, 10])
        unknown["fc2/weight"] = Tensor([0], shape: [1])
        for (tensors, message) in [
            (missing, "tensor 'bn1/bias' (16) is missing"),
            (shaped, "tensor 'fc/weight' has shape (64, 10); the graph expects (10, 64)"),
            (unknown, "tensor 'fc2/weight' is not a parameter of the graph"),
        ] {
            let error = try #require(throws: TrainingError.self) { try arena.load(tensors) }
            #expect(error.description == message)
        }
        #expect(arena.tensors() == before)
    }
}
