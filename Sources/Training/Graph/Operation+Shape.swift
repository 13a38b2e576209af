// SPDX-License-Identifier: Apache-2.0

import Tensors

extension Operation {
    /// The output's shape for inputs of these shapes, without the batch axis.
    ///
    /// - Throws: ``TrainingError`` saying which shape or attribute does not fit; the graph puts the
    ///   node's name in front.
    func outputShape(of inputs: [Shape]) throws(TrainingError) -> Shape {
        switch self {
        case .input(let shape):
            guard shape.rank == 1 || shape.rank == 3, shape.elementCount > 0 else {
                throw TrainingError(
                    "the shape must be (C, H, W) or (features) with no zero, found \(shape)")
            }
            return shape
        case .normalize(let mean, let deviation):
            try checkNormalize(mean: mean, deviation: deviation, channels: inputs[0][0])
            return inputs[0]
        case .convolution(let convolution):
            return try convolution.outputShape(of: try image(inputs[0]))
        case .dense(let units, _):
            guard inputs[0].rank == 1 else {
                throw TrainingError("takes (features), found \(inputs[0]); flatten it first")
            }
            return [try positive(units, "units")]
        case .batchNormalization(let epsilon, let momentum):
            guard epsilon > 0, epsilon.isFinite, momentum >= 0, momentum <= 1 else {
                throw TrainingError(
                    "epsilon must be positive and momentum in [0, 1], found \(epsilon) and \(momentum)"
                )
            }
            return inputs[0]
        case .activation(let activation):
            if case .leakyRelu(let slope) = activation, !(slope >= 0 && slope.isFinite) {
                throw TrainingError("slope must not be negative, found \(slope)")
            }
            return inputs[0]
        case .maxPool(let window), .averagePool(let window, _):
            return try pooled(try image(inputs[0]), by: window)
        case .globalAveragePool:
            return [try image(inputs[0])[0], 1, 1]
        case .flatten:
            return [inputs[0].elementCount]
        case .dropout(let rate):
            guard rate >= 0, rate < 1 else {
                throw TrainingError("rate must lie in [0, 1), found \(rate)")
            }
            return inputs[0]
        case .add:
            guard inputs.allSatisfy({ $0 == inputs[0] }) else {
                throw TrainingError("its inputs have different shapes: \(list(inputs))")
            }
            return inputs[0]
        case .concat:
            let rest = inputs[0].dimensions.dropFirst()
            guard inputs.allSatisfy({ $0.dimensions.dropFirst() == rest }) else {
                throw TrainingError("its inputs differ beyond the first axis: \(list(inputs))")
            }
            return Shape(trusted: [inputs.reduce(0) { $0 + $1[0] }] + rest)
        }
    }

    private func list(_ shapes: [Shape]) -> String {
        shapes.map(\.description).joined(separator: ", ")
    }

    private func image(_ shape: Shape) throws(TrainingError) -> Shape {
        guard shape.rank == 3 else { throw TrainingError("takes (C, H, W), found \(shape)") }
        return shape
    }

    private func pooled(_ image: Shape, by window: Window) throws(TrainingError) -> Shape {
        let positions = try window.positions(over: Extent(image[1], image[2]))
        // A window that lies in the padding alone has no maximum and no mean.
        let sides = [window.padding.before, window.padding.after]
        guard
            sides.allSatisfy({
                2 * $0.height <= window.kernel.height && 2 * $0.width <= window.kernel.width
            })
        else {
            throw TrainingError(
                "padding \(window.padding) is more than half the kernel \(window.kernel)")
        }
        return [image[0], positions.height, positions.width]
    }

    private func checkNormalize(
        mean: [Float], deviation: [Float], channels: Int
    ) throws(TrainingError) {
        for (name, values) in [("mean", mean), ("std", deviation)]
        where values.count != 1 && values.count != channels {
            throw TrainingError(
                "\(name) has \(values.count) values for an input of \(channels) channels")
        }
        guard mean.allSatisfy(\.isFinite),
            deviation.allSatisfy({ $0 > 0 && $0.isFinite && (1 / $0).isFinite })
        else { throw TrainingError("mean must be finite and std positive") }
    }
}

/// No network has more of anything than this, and products of two stay far below overflow.
private let countLimit = 1 << 24

private func positive(_ count: Int, _ name: String) throws(TrainingError) -> Int {
    guard count > 0, count <= countLimit else {
        throw TrainingError("\(name) must lie between 1 and \(countLimit), found \(count)")
    }
    return count
}

extension Convolution {
    func outputShape(of image: Shape) throws(TrainingError) -> Shape {
        _ = try positive(filters, "filters")
        guard groups > 0, image[0] % groups == 0, filters % groups == 0 else {
            throw TrainingError(
                "groups \(groups) must divide the \(image[0]) channels of its input \(image) and its \(filters) filters"
            )
        }
        let positions = try window.positions(over: Extent(image[1], image[2]))
        let area = window.kernel.height * window.kernel.width
        let fanIn = image[0] / groups * area
        guard fanIn <= Graph.parameterLimit, filters * fanIn <= Graph.parameterLimit else {
            throw TrainingError("its weights would have more than \(Graph.parameterLimit) elements")
        }
        return [filters, positions.height, positions.width]
    }
}
