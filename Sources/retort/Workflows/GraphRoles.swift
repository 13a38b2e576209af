// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors
import Training

extension Graph {
    /// What each parameter of the graph is, by its name (`conv1/weight`), in PyTorch's layout.
    ///
    /// Where the order of a layer's inputs cannot be said by one flattened image, the kind is
    /// `other`, so that nothing converts its layout by a guess.
    var roles: [String: ParameterRole] {
        let orders = featureOrders
        var specifications: [Substring: [ParameterSpecification]] = [:]
        for parameter in parameters {
            let node = parameter.name.prefix(upTo: parameter.name.lastIndex(of: "/")!)
            specifications[node, default: []].append(parameter)
        }
        var roles: [String: ParameterRole] = [:]
        for (index, node) in nodes.enumerated() {
            guard let own = specifications[node.name[...]] else { continue }
            let kind = layerKind(at: index, input: orders[inputs[index][0]])
            for parameter in own {
                var role = ParameterRole(
                    layer: node.name, kind: kind, parameter: parameter.role.parameter(of: kind),
                    layout: .pytorch)
                if kind == .dense, parameter.role == .weight,
                    case .flattened(let origin) = orders[inputs[index][0]]
                {
                    role.flatten = origin
                }
                if kind == .depthwiseConvolution, parameter.role == .weight {
                    role.depthMultiplier = shapes[index][0] / shapes[inputs[index][0]][0]
                }
                roles[parameter.name] = role
            }
        }
        return roles
    }

    private func layerKind(at index: Int, input: FeatureOrder) -> ParameterRole.LayerKind {
        switch nodes[index].operation {
        case .convolution(let convolution):
            let channels = shapes[inputs[index][0]][0]
            // One group a channel is a depthwise convolution, unless there is one channel: then
            // both words mean the same arithmetic and the plain one is meant.
            return convolution.groups == channels && channels > 1
                ? .depthwiseConvolution : .convolution
        case .dense:
            return input == .mixed ? .other("dense layer of joined flattened images") : .dense
        case .batchNormalization:
            return input == .none ? .batchNormalization : .flattenedNormalization
        default: return .other(nodes[index].operation.name)
        }
    }

    /// What the elements of a vector are, as far as their order depends on the layout of images.
    private enum FeatureOrder: Hashable {
        /// Units of a dense layer, channels, an input vector: the same order in both layouts.
        case none
        /// Pixels of one image, flattened.
        case flattened(ParameterRole.FlattenOrigin)
        /// Several such things joined or summed.
        case mixed
    }

    /// Of every node's output.
    private var featureOrders: [FeatureOrder] {
        var orders: [FeatureOrder] = []
        for (index, node) in nodes.enumerated() {
            let given = inputs[index].map { orders[$0] }
            orders.append(order(of: node.operation, at: index, given))
        }
        return orders
    }

    private func order(
        of operation: Operation, at index: Int, _ given: [FeatureOrder]
    ) -> FeatureOrder {
        guard shapes[index].rank == 1 else { return .none }
        switch operation {
        case .flatten:
            let image = shapes[inputs[index][0]]
            guard image.rank == 3 else { return given[0] }
            // One pixel, or one channel, has one order.
            guard image[0] > 1, image[1] * image[2] > 1 else { return .none }
            return .flattened(
                ParameterRole.FlattenOrigin(
                    height: image[1], width: image[2], channels: image[0]))
        case .normalize(let mean, let deviation):
            return mean.count == 1 && deviation.count == 1 || given[0] == .none
                ? given[0] : .mixed
        case .activation, .dropout, .batchNormalization: return given[0]
        case .add: return given.allSatisfy { $0 == given[0] } ? given[0] : .mixed
        case .concat: return given.allSatisfy { $0 == .none } ? .none : .mixed
        default: return .none
        }
    }
}

extension ParameterSpecification.Role {
    func parameter(of kind: ParameterRole.LayerKind) -> ParameterRole.Parameter {
        let isNormalization =
            switch kind {
            case .convolution, .depthwiseConvolution, .transposedConvolution, .dense: false
            case .batchNormalization, .flattenedNormalization: true
            case .other: false
            }
        return switch self {
        case .weight: isNormalization ? .scale : .kernel
        case .bias: isNormalization ? .shift : .bias
        case .runningMean: .movingMean
        case .runningVariance: .movingVariance
        }
    }
}

extension ParameterRole.LayerKind {
    /// A normalization of pixels that were flattened: its vectors follow the order of the pixels,
    /// so they are not the same in both layouts, and no rule moves them.
    static let flattenedNormalization = Self.other("BatchNormalization of flattened images")
}
