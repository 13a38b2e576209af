// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A parameter a graph needs: its name, shape and meaning.
public struct ParameterSpecification: Hashable, Sendable {
    /// What a parameter does in its node.
    public enum Role: String, Hashable, Sendable {
        case weight
        case bias
        case runningMean = "running_mean"
        case runningVariance = "running_var"
    }

    /// Node and role in PyTorch's words: `conv1/weight`, `bn1/running_mean`.
    public let name: String
    public let shape: Shape
    /// One letter an axis: `OIHW` (convolution), `OI` (dense), `C` (one value a channel).
    public let axes: String
    public let role: Role

    init(node: String, role: Role, shape: Shape, axes: String) {
        name = "\(node)/\(role.rawValue)"
        self.shape = shape
        self.axes = axes
        self.role = role
    }

    /// False for running statistics, which have no gradient.
    public var isTrainable: Bool { role == .weight || role == .bias }
}

extension Operation {
    /// The parameters of a node called `node` whose input has shape `input`.
    func parameters(node: String, input: Shape) -> [ParameterSpecification] {
        func parameter(
            _ role: ParameterSpecification.Role, _ shape: Shape, _ axes: String
        ) -> ParameterSpecification {
            ParameterSpecification(node: node, role: role, shape: shape, axes: axes)
        }
        switch self {
        case .convolution(let convolution):
            let kernel = convolution.window.kernel
            let weight: Shape = [
                convolution.filters, input[0] / convolution.groups, kernel.height, kernel.width,
            ]
            return [parameter(.weight, weight, "OIHW")]
                + (convolution.bias ? [parameter(.bias, [convolution.filters], "O")] : [])
        case .dense(let units, let bias):
            return [parameter(.weight, [units, input[0]], "OI")]
                + (bias ? [parameter(.bias, [units], "O")] : [])
        case .batchNormalization:
            let roles: [ParameterSpecification.Role] = [
                .weight, .bias, .runningMean, .runningVariance,
            ]
            return roles.map { parameter($0, [input[0]], "C") }
        default:
            return []
        }
    }
}
