// SPDX-License-Identifier: Apache-2.0

import Tensors

extension Operation {
    /// - Throws: ``TrainingError`` for an unknown operation or attribute, without the node's name.
    init(name: String, attributes: [String: JSON]) throws(TrainingError) {
        var reader = AttributeReader(attributes)
        self = try Self.read(name, from: &reader)
        try reader.finish()
    }

    private static func read(
        _ name: String, from reader: inout AttributeReader
    ) throws(TrainingError) -> Operation {
        switch name {
        case "input": return .input(shape: try reader.shape("shape"))
        case "normalize":
            return .normalize(
                mean: try reader.numbers("mean"), deviation: try reader.numbers("std"))
        case "conv2d":
            return .convolution(
                Convolution(
                    filters: try reader.integer("filters"),
                    window: try window(from: &reader, defaultStride: Extent(1)),
                    groups: try reader.integer("groups", default: 1),
                    bias: try reader.flag("bias", default: true)))
        case "dense":
            return .dense(
                units: try reader.integer("units"), bias: try reader.flag("bias", default: true))
        case "batch_norm":
            return .batchNormalization(
                epsilon: try reader.number("epsilon", default: 1e-5),
                momentum: try reader.number("momentum", default: 0.1))
        case "relu": return .activation(.relu)
        case "leaky_relu":
            return .activation(.leakyRelu(slope: try reader.number("slope", default: 0.01)))
        case "tanh": return .activation(.tanh)
        case "sigmoid": return .activation(.sigmoid)
        case "max_pool": return .maxPool(try window(from: &reader, defaultStride: nil))
        case "avg_pool":
            return .averagePool(
                try window(from: &reader, defaultStride: nil),
                countsPadding: try reader.flag("count_padding", default: true))
        case "global_avg_pool": return .globalAveragePool
        case "flatten": return .flatten
        case "dropout": return .dropout(rate: try reader.number("rate", default: 0.5))
        case "add": return .add
        case "concat": return .concat
        default:
            throw TrainingError(
                "unknown op '\(name)'; known are \(names.joined(separator: ", "))")
        }
    }

    private static func window(
        from reader: inout AttributeReader, defaultStride: Extent?
    ) throws(TrainingError) -> Window {
        let kernel = try reader.extent("kernel")
        return Window(
            kernel: kernel,
            stride: try reader.extent("stride", default: defaultStride ?? kernel),
            padding: try reader.padding("padding"))
    }

    /// Every attribute, defaults included, so that equal operations have equal text.
    var attributes: [String: JSON] {
        switch self {
        case .input(let shape): ["shape": .array(shape.dimensions.map { .integer($0) })]
        case .normalize(let mean, let deviation):
            ["mean": .array(mean.map(JSON.float)), "std": .array(deviation.map(JSON.float))]
        case .convolution(let convolution):
            Self.attributes(of: convolution.window).merging(
                [
                    "filters": .integer(convolution.filters),
                    "groups": .integer(convolution.groups), "bias": .bool(convolution.bias),
                ]) { _, new in new }
        case .dense(let units, let bias): ["units": .integer(units), "bias": .bool(bias)]
        case .batchNormalization(let epsilon, let momentum):
            ["epsilon": .float(epsilon), "momentum": .float(momentum)]
        case .activation(.leakyRelu(let slope)): ["slope": .float(slope)]
        case .maxPool(let window): Self.attributes(of: window)
        case .averagePool(let window, let countsPadding):
            Self.attributes(of: window).merging(["count_padding": .bool(countsPadding)]) {
                _, new in new
            }
        case .dropout(let rate): ["rate": .float(rate)]
        case .activation, .globalAveragePool, .flatten, .add, .concat: [:]
        }
    }

    private static func attributes(of window: Window) -> [String: JSON] {
        func pair(_ extent: Extent) -> JSON { [.integer(extent.height), .integer(extent.width)] }
        // Two numbers wherever two say it all: digests cover this text.
        func padding(_ padding: Padding) -> JSON {
            guard !padding.isSymmetric else { return pair(padding.before) }
            return [
                .integer(padding.before.height), .integer(padding.before.width),
                .integer(padding.after.height), .integer(padding.after.width),
            ]
        }
        return [
            "kernel": pair(window.kernel), "stride": pair(window.stride),
            "padding": padding(window.padding),
        ]
    }
}
