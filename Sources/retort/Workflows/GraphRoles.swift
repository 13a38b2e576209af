// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors
import Training

extension Graph {
    /// What each parameter of the graph is, by its name (`conv1/weight`), in PyTorch's layout.
    var roles: [String: ParameterRole] {
        var roles: [String: ParameterRole] = [:]
        for index in nodes.indices {
            let node = nodes[index]
            guard let kind = layerKind(at: index) else { continue }
            let own = parameters.filter { $0.name.hasPrefix(node.name + "/") }
            for parameter in own {
                roles[parameter.name] = ParameterRole(
                    layer: node.name, kind: kind,
                    parameter: parameter.role.parameter(of: kind), layout: .pytorch,
                    flatten: kind == .dense && parameter.role == .weight
                        ? flattenOrigin(at: index) : nil)
            }
        }
        return roles
    }

    private func layerKind(at index: Int) -> ParameterRole.LayerKind? {
        switch nodes[index].operation {
        case .convolution(let convolution):
            let channels = shapes[inputs[index][0]][0]
            // One group a channel is a depthwise convolution, unless there is one channel: then
            // both words mean the same arithmetic and the plain one is meant.
            return convolution.groups == channels && channels > 1
                ? .depthwiseConvolution : .convolution
        case .dense: return .dense
        case .batchNormalization: return .batchNormalization
        default: return nil
        }
    }

    /// The image whose pixels are the inputs of the dense node at `index`, where they were
    /// flattened and nothing mixed them since; nil also for 1 x 1 images, whose order is the same
    /// in every layout.
    private func flattenOrigin(at index: Int) -> ParameterRole.FlattenOrigin? {
        var current = inputs[index][0]
        while true {
            switch nodes[current].operation {
            case .flatten:
                let image = shapes[inputs[current][0]]
                guard image.rank == 3, image[1] * image[2] > 1 else { return nil }
                return ParameterRole.FlattenOrigin(
                    height: image[1], width: image[2], channels: image[0])
            case .activation, .dropout, .batchNormalization, .add:
                current = inputs[current][0]
            default: return nil
            }
        }
    }
}

extension ParameterSpecification.Role {
    func parameter(of kind: ParameterRole.LayerKind) -> ParameterRole.Parameter {
        switch self {
        case .weight: kind == .batchNormalization ? .scale : .kernel
        case .bias: kind == .batchNormalization ? .shift : .bias
        case .runningMean: .movingMean
        case .runningVariance: .movingVariance
        }
    }
}
