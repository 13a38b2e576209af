// SPDX-License-Identifier: Apache-2.0

import Tensors

extension ParameterArena {
    /// Draws every parameter anew, a pure function of the graph and `seed`.
    ///
    /// Weights followed by a (leaky) ReLU are normal with variance 2 / fan-in (He, Zhang, Ren and
    /// Sun, "Delving deep into rectifiers", 2015, equation 10); all others are uniform in
    /// +-sqrt(6 / (fan-in + fan-out)) (Glorot and Bengio, 2010, equation 16). Biases, shifts and
    /// running means are 0; scales and running variances 1.
    public func initialise(seed: UInt64) {
        var position: UInt64 = 0
        for (index, node) in graph.nodes.enumerated() {
            let input = graph.inputs[index].first.map { graph.shapes[$0] } ?? []
            let precedesRelu = graph.precedesRelu(index)
            for specification in node.operation.parameters(node: node.name, input: input) {
                // Each tensor has its own stream, numbered in the graph's order.
                var stream = RandomStream(seed: seed, purpose: .initialisation, row: position)
                position += 1
                guard let slot = self[specification.name] else { continue }
                Self.fill(
                    values(of: slot), specification,
                    isNormalisation: node.operation.isNormalisation,
                    precedesRelu: precedesRelu, from: &stream)
            }
        }
        gradients.update(repeating: 0)
        valuesChanged()
    }

    private static func fill(
        _ values: UnsafeMutableBufferPointer<Float>, _ specification: ParameterSpecification,
        isNormalisation: Bool, precedesRelu: Bool, from stream: inout RandomStream
    ) {
        guard specification.role == .weight, !isNormalisation else {
            let isOne = specification.role == .weight || specification.role == .runningVariance
            values.update(repeating: isOne ? 1 : 0)
            return
        }
        let shape = specification.shape
        let fanIn = shape.elementCount / shape[0]
        let receptiveField = fanIn / shape[1]
        if precedesRelu {
            let deviation = (2 / Float(fanIn)).squareRoot()
            for index in values.indices { values[index] = deviation * stream.normal() }
        } else {
            let bound = (6 / Float(fanIn + shape[0] * receptiveField)).squareRoot()
            for index in values.indices { values[index] = stream.uniform(-bound, bound) }
        }
    }
}

extension Operation {
    fileprivate var isNormalisation: Bool {
        if case .batchNormalization = self { true } else { false }
    }
}

extension Graph {
    /// Whether the first activation after node `index`, before any other weights, is a (leaky) ReLU.
    fileprivate func precedesRelu(_ index: Int) -> Bool {
        var current = index
        // Consumers come later, so this ends.
        while let next = inputs.indices.first(where: { inputs[$0].contains(current) }) {
            switch nodes[next].operation {
            case .activation(.relu), .activation(.leakyRelu): return true
            case .activation, .convolution, .dense: return false
            default: current = next
            }
        }
        return false
    }
}
