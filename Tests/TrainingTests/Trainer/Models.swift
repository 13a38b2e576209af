// SPDX-License-Identifier: Apache-2.0

import Tensors

@testable import Training

/// Images of four classes that differ in where they are bright, with a little noise: easy to learn.
func learnableImages(count: Int, side: Int = 8, seed: UInt64 = 1) throws -> LabelledImages {
    var random = RandomStream(seed: seed, purpose: .test)
    var pixels: [UInt8] = []
    for row in 0..<count {
        for y in 0..<side {
            for x in 0..<side {
                let quadrant = (y * 2 / side) * 2 + x * 2 / side
                let level = quadrant == row % 4 ? 150 : 50
                pixels.append(UInt8(level + random.integer(below: 90)))
            }
        }
    }
    return try LabelledImages(
        images: Tensor(trusted: .u8, shape: [count, 1, side, side], values: pixels),
        labels: (0..<count).map { $0 % 4 }, classCount: 4)
}

/// A graph with all that carries state or chance from step to step: batch norm and dropout.
func smallGraph(side: Int = 8, dropout: Float = 0.25) throws -> Graph {
    try Graph(nodes: [
        .init("input", .input(shape: [1, side, side])),
        .init(
            "conv1",
            .convolution(
                Convolution(filters: 4, window: Window(kernel: Extent(3), padding: Extent(1))))),
        .init("bn1", .batchNormalization(epsilon: 1e-5, momentum: 0.1)),
        .init("relu1", .activation(.relu)),
        .init("pool1", .maxPool(Window(kernel: Extent(2), stride: Extent(2)))),
        .init("flatten", .flatten),
        .init("drop1", .dropout(rate: dropout)),
        .init("fc1", .dense(units: 4, bias: true)),
    ])
}
