// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What tensors are in a graph that is not understood as a whole.
extension ONNXGraphImport {
    /// Gives the kernels and statistics of every convolution and normalisation their roles.
    ///
    /// Dense kernels get none here: whether theirs come from a flattened image, and of which size,
    /// only the whole graph says.
    mutating func addRemainingRoles(_ nodes: [ONNXNode]) {
        for node in nodes where node.isStandard {
            switch node.operation {
            case "Conv", "ConvTranspose": addConvolutionRoles(node)
            case "BatchNormalization":
                let parts: [ParameterRole.Parameter] = [
                    .scale, .shift, .movingMean, .movingVariance,
                ]
                for (index, parameter) in parts.enumerated() {
                    addRole(index + 1, of: node, .batchNormalization, parameter, weight: 1)
                }
            default: break
            }
        }
    }

    private mutating func addConvolutionRoles(_ node: ONNXNode) {
        guard let weight = initializer(1, of: node), weight.shape.rank == 4 else { return }
        let groups = node.attributes["group"]?.integer ?? 1
        var kind = ParameterRole.LayerKind.convolution
        if node.operation == "ConvTranspose" {
            kind = .transposedConvolution
        } else if groups > 1, weight.shape[1] == 1 {
            kind = .depthwiseConvolution
        }
        addRole(1, of: node, kind, .kernel, weight: 1)
        addRole(2, of: node, kind, .bias, weight: 1)
    }

    private mutating func addRole(
        _ index: Int, of node: ONNXNode, _ kind: ParameterRole.LayerKind,
        _ parameter: ParameterRole.Parameter, weight: Int
    ) {
        guard let entry = initializer(index, of: node), roles[entry.name] == nil else { return }
        roles[entry.name] = ParameterRole(
            layer: layerName(node, weight: initializer(weight, of: node)?.name), kind: kind,
            parameter: parameter, layout: .pytorch)
    }

    private func initializer(_ index: Int, of node: ONNXNode) -> WeightEntry? {
        guard node.inputs.indices.contains(index),
            case .constant(let entry, false) = values[node.inputs[index]]
        else { return nil }
        return entry
    }
}
