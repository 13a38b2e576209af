// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Nodes with weights.
extension ONNXGraphImport {
    mutating func followConvolution(_ node: ONNXNode) throws(NotUnderstood) {
        var activation = try input(0, of: node, allowsPadding: true)
        guard activation.isImage, !activation.isChannelsLast else {
            throw failure(node, "its input is not an image of axes (N, C, H, W)")
        }
        guard let weight = try weight(1, of: node, rank: 4), !weight.isTransposed else {
            throw failure(node, "its weights are not (O, I, H, W)")
        }
        let extents = weight.entry.shape.dimensions
        let groups = node.attributes["group"]?.integer ?? 1
        let channels = activation.shape[0]
        let (perGroup, overflow) = extents[1].multipliedReportingOverflow(by: groups)
        guard groups > 0, !overflow, perGroup == channels, extents[0] > 0,
            extents[0] % groups == 0
        else {
            throw failure(
                node,
                "weights \(weight.entry.shape) in \(groups) groups do not fit \(channels) channels")
        }
        let window = try ONNXWindow(
            node, image: activation, kernel: Array(extents[2...]), extra: activation.padding)
        let name = layerName(node, weight: weight.entry.name)
        let hasBias = node.inputs.count > 2 && !node.inputs[2].isEmpty
        activation.node = builder.add(
            name, "conv2d", inputs: [activation.node],
            window.attributes.merging([
                "filters": .integer(extents[0]), "groups": .integer(groups),
                "bias": .bool(hasBias),
            ]) { _, new in new })
        activation.shape = [extents[0]] + window.output
        activation.padding = [0, 0, 0, 0]
        try checkSize(activation.shape, of: node.title)
        let layer = builder.nodes[activation.node].name
        let kind: ParameterRole.LayerKind =
            groups == channels && channels > 1 ? .depthwiseConvolution : .convolution
        try bind(
            weight.entry, "weight", shape: extents,
            ParameterRole(layer: layer, kind: kind, parameter: .kernel, layout: .pytorch))
        if hasBias { try bindBias(2, of: node, layer, kind, count: extents[0]) }
        try define(node, .activation(activation))
        if !hasBias { unbiased[node.outputs[0]] = activation.node }
    }

    mutating func followGemm(_ node: ONNXNode) throws(NotUnderstood) {
        let attributes = node.attributes
        guard attributes["transA"]?.integer ?? 0 == 0, attributes["alpha"]?.float ?? 1 == 1,
            attributes["beta"]?.float ?? 1 == 1
        else { throw failure(node, "it scales or transposes its input") }
        try followDense(
            node, isTransposed: attributes["transB"]?.integer ?? 0 != 0,
            hasBias: node.inputs.count > 2 && !node.inputs[2].isEmpty)
    }

    mutating func followMatMul(_ node: ONNXNode) throws(NotUnderstood) {
        try followDense(node, isTransposed: false, hasBias: false)
    }

    /// - Parameter isTransposed: whether the weights are (out, in), as the graph has them.
    private mutating func followDense(
        _ node: ONNXNode, isTransposed: Bool, hasBias: Bool
    ) throws(NotUnderstood) {
        var activation = try input(0, of: node)
        guard !activation.isImage, let weight = try weight(1, of: node, rank: 2) else {
            throw failure(node, "it is not of features by weights")
        }
        let extents = weight.entry.shape.dimensions
        // A transposition of the constant itself undoes or makes the operator's own.
        let isOutIn = isTransposed != weight.isTransposed
        let (units, features) = isOutIn ? (extents[0], extents[1]) : (extents[1], extents[0])
        guard features == activation.shape[0], units > 0 else {
            throw failure(
                node, "weights \(weight.entry.shape) do not fit \(activation.shape[0]) features")
        }
        guard !(isOutIn && activation.isFlattenedLast) else {
            throw failure(node, "its weights are (out, in) of an image flattened as (H, W, C)")
        }
        let name = layerName(node, weight: weight.entry.name)
        activation.node = builder.add(
            name, "dense", inputs: [activation.node],
            ["units": .integer(units), "bias": .bool(hasBias)])
        let layer = builder.nodes[activation.node].name
        var role = ParameterRole(
            layer: layer, kind: .dense, parameter: .kernel, layout: isOutIn ? .pytorch : .keras)
        // (in, out) of an image flattened as (C, H, W) is a transposition and nothing more.
        if isOutIn || activation.isFlattenedLast { role.flatten = activation.flatten }
        try bind(weight.entry, "weight", shape: [units, features], role)
        if hasBias { try bindBias(2, of: node, layer, .dense, count: units) }
        activation.shape = [units]
        activation.flatten = nil
        activation.isFlattenedLast = false
        try define(node, .activation(activation))
        if !hasBias { unbiased[node.outputs[0]] = activation.node }
    }

    /// Takes the addition of one value a channel as the bias of the layer right before it.
    ///
    /// - Returns: whether it was one.
    mutating func addBias(_ node: ONNXNode, constant position: Int) throws(NotUnderstood) -> Bool {
        let name = node.inputs[1 - position]
        guard let layer = unbiased[name], uses[name] == 1,
            case .activation(let activation) = values[name],
            let (entry, _) = try constant(position, of: node),
            entry.shape.elementCount == activation.shape[0]
        else { return false }
        _ = try perChannel(position, of: node, like: activation)
        builder.set("bias", true, of: layer)
        let kind: ParameterRole.LayerKind =
            builder.nodes[layer].operation == "dense" ? .dense : .convolution
        try bindBias(
            position, of: node, builder.nodes[layer].name, kind, count: activation.shape[0])
        try define(node, .activation(activation))
        return true
    }

    mutating func followNormalization(_ node: ONNXNode) throws(NotUnderstood) {
        var activation = try input(0, of: node)
        guard !activation.isFlattenedLast, !activation.isImage || !activation.isChannelsLast else {
            throw failure(node, "its channels are last")
        }
        guard node.attributes["training_mode"]?.integer ?? 0 == 0,
            node.attributes["spatial"]?.integer ?? 1 == 1
        else { throw failure(node, "it normalises by the batch or by pixel") }
        let epsilon = node.attributes["epsilon"]?.float ?? 1e-5
        // ONNX's momentum is the weight of the old statistics; decimals undo 1 - x exactly.
        let kept = Double((node.attributes["momentum"]?.float ?? 0.9).description) ?? 0.9
        guard epsilon > 0, epsilon.isFinite, (0...1).contains(kept) else {
            throw failure(node, "epsilon \(epsilon) and momentum \(kept) are out of range")
        }
        guard let scale = try constant(1, of: node)?.entry else {
            throw failure(node, "it has no scale")
        }
        activation.node = builder.add(
            layerName(node, weight: scale.name), "batch_norm", inputs: [activation.node],
            ["epsilon": .float(epsilon), "momentum": .float(Float(1 - kept))])
        let layer = builder.nodes[activation.node].name
        let parts: [(String, ParameterRole.Parameter)] = [
            ("weight", .scale), ("bias", .shift), ("running_mean", .movingMean),
            ("running_var", .movingVariance),
        ]
        for (index, (name, parameter)) in parts.enumerated() {
            guard let (entry, _) = try constant(index + 1, of: node) else {
                throw failure(node, "it has no \(parameter)")
            }
            try bind(
                entry, name, shape: [activation.shape[0]],
                ParameterRole(
                    layer: layer, kind: .batchNormalization, parameter: parameter, layout: .pytorch)
            )
        }
        try define(node, .activation(activation))
    }

    // MARK: Parameters

    private func weight(
        _ index: Int, of node: ONNXNode, rank: Int
    ) throws(NotUnderstood) -> (entry: WeightEntry, isTransposed: Bool)? {
        guard let weight = try constant(index, of: node), weight.entry.shape.rank == rank else {
            return nil
        }
        return weight
    }

    private mutating func bindBias(
        _ index: Int, of node: ONNXNode, _ layer: String, _ kind: ParameterRole.LayerKind,
        count: Int
    ) throws(NotUnderstood) {
        guard let (entry, _) = try constant(index, of: node) else {
            throw failure(node, "it has no bias")
        }
        try bind(
            entry, "bias", shape: [count],
            ParameterRole(layer: layer, kind: kind, parameter: .bias, layout: .pytorch))
    }

    /// Makes `entry` the parameter of the layer that `role` names.
    ///
    /// An entry is one parameter. Where a second layer shares it, or its shape has axes of 1 that
    /// the parameter lacks, the parameter gets a tensor of its own, which views the same bytes.
    private mutating func bind(
        _ entry: WeightEntry, _ parameter: String, shape: [Int], _ role: ParameterRole
    ) throws(NotUnderstood) {
        let name = "\(role.layer)/\(parameter)"
        guard let type = entry.elementType, type.isFloatingPoint else {
            throw NotUnderstood(
                reason: "'\(entry.name)' is \(entry.typeName), where '\(name)' is of numbers")
        }
        let isDense = role.kind == .dense && role.parameter == .kernel
        let expected = isDense && role.layout == .keras ? Array(shape.reversed()) : shape
        if entry.shape.dimensions == expected, parameters[entry.name] == nil {
            parameters[entry.name] = name
            roles[entry.name] = role
            return
        }
        guard entry.shape.elementCount == shape.reduce(1, *), !(isDense && role.layout == .keras),
            let tensor = try? entry.tensor(),
            let view = try? tensor.reshaped(to: Shape(shape))
        else {
            throw NotUnderstood(
                reason: "'\(entry.name)' of shape \(entry.shape) cannot be '\(name)' of \(shape)")
        }
        implied[name] = view
    }
}
