// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// What one node computes of one image, forward and backward side by side. All arrays are row-major.
protocol ReferenceLayer: Sendable {
    /// The output for the node's inputs.
    func forward(_ inputs: [[Double]]) -> [Double]

    /// dL/dinput of every input, from dL/doutput.
    func backward(_ gradient: [Double], inputs: [[Double]], output: [Double]) -> [[Double]]
}

extension Operation {
    /// - Parameters:
    ///   - inputs: shapes without the batch axis, as `output` is.
    ///   - parameter: the values of the node's parameter of a role, nil when it has none.
    func reference(
        inputs: [Shape], output: Shape,
        parameter: (ParameterSpecification.Role) -> [Double]?
    ) -> any ReferenceLayer {
        func values(_ role: ParameterSpecification.Role) -> [Double] { parameter(role) ?? [] }
        switch self {
        case .input, .flatten, .dropout: return ReferenceIdentity()
        case .normalize(let mean, let deviation):
            return ReferenceAffine(channels: inputs[0][0]) { channel in
                let factor = 1 / Double(deviation[deviation.count == 1 ? 0 : channel])
                return (factor, -factor * Double(mean[mean.count == 1 ? 0 : channel]))
            }
        case .batchNormalization(let epsilon, _):
            let (scale, shift) = (values(.weight), values(.bias))
            let (mean, variance) = (values(.runningMean), values(.runningVariance))
            return ReferenceAffine(channels: inputs[0][0]) { channel in
                let factor = scale[channel] / (variance[channel] + Double(epsilon)).squareRoot()
                return (factor, shift[channel] - factor * mean[channel])
            }
        case .convolution(let convolution):
            return ReferenceConvolution(
                ReferenceWindow(convolution.window, input: inputs[0], output: output),
                groups: convolution.groups, weight: values(.weight), bias: parameter(.bias))
        case .dense: return ReferenceDense(weight: values(.weight), bias: parameter(.bias))
        case .activation(let activation): return ReferenceActivation(activation: activation)
        case .maxPool(let window):
            return ReferenceMaxPool(
                window: ReferenceWindow(window, input: inputs[0], output: output))
        case .averagePool(let window, let countsPadding):
            return ReferenceAveragePool(
                window: ReferenceWindow(window, input: inputs[0], output: output),
                countsPadding: countsPadding)
        case .globalAveragePool:
            let whole = Window(kernel: Extent(inputs[0][1], inputs[0][2]))
            return ReferenceAveragePool(
                window: ReferenceWindow(whole, input: inputs[0], output: output),
                countsPadding: false)
        case .add: return ReferenceSum()
        case .concat: return ReferenceJoin()
        }
    }
}

/// Flatten and, in inference, dropout: the same elements in the same order.
struct ReferenceIdentity: ReferenceLayer {
    func forward(_ inputs: [[Double]]) -> [Double] { inputs[0] }

    func backward(_ gradient: [Double], inputs: [[Double]], output: [Double]) -> [[Double]] {
        [gradient]
    }
}

/// The sum of equal shapes.
struct ReferenceSum: ReferenceLayer {
    func forward(_ inputs: [[Double]]) -> [Double] {
        var sum = inputs[0]
        for input in inputs.dropFirst() {
            for index in sum.indices { sum[index] += input[index] }
        }
        return sum
    }

    func backward(_ gradient: [Double], inputs: [[Double]], output: [Double]) -> [[Double]] {
        inputs.map { _ in gradient }
    }
}

/// Inputs one after the other along the first axis.
struct ReferenceJoin: ReferenceLayer {
    func forward(_ inputs: [[Double]]) -> [Double] { Array(inputs.joined()) }

    func backward(_ gradient: [Double], inputs: [[Double]], output: [Double]) -> [[Double]] {
        var start = 0
        return inputs.map { input in
            defer { start += input.count }
            return Array(gradient[start..<(start + input.count)])
        }
    }
}

/// y = factor x + offset, for each channel: normalisation, and batch norm by running statistics.
struct ReferenceAffine: ReferenceLayer {
    private let factors: [Double]
    private let offsets: [Double]

    init(channels: Int, _ affine: (Int) -> (factor: Double, offset: Double)) {
        let pairs = (0..<channels).map(affine)
        factors = pairs.map(\.factor)
        offsets = pairs.map(\.offset)
    }

    func forward(_ inputs: [[Double]]) -> [Double] {
        let perChannel = inputs[0].count / factors.count
        return inputs[0].indices.map { index in
            factors[index / perChannel] * inputs[0][index] + offsets[index / perChannel]
        }
    }

    func backward(_ gradient: [Double], inputs: [[Double]], output: [Double]) -> [[Double]] {
        let perChannel = gradient.count / factors.count
        return [gradient.indices.map { factors[$0 / perChannel] * gradient[$0] }]
    }
}
