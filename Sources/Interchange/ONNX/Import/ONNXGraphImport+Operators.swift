// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Which rule follows which operator.
extension ONNXGraphImport {
    mutating func follow(_ node: ONNXNode) throws(NotUnderstood) {
        switch node.operation {
        case "Constant": try followConstant(node)
        case "Identity", "Cast": try followAlias(node)
        case "Conv": try followConvolution(node)
        case "Gemm": try followGemm(node)
        case "MatMul": try followMatMul(node)
        case "BatchNormalization": try followNormalization(node)
        case "Relu": try followElementwise(node, "relu")
        case "LeakyRelu":
            let slope = node.attributes["alpha"]?.float ?? 0.01
            guard slope >= 0, slope.isFinite else { throw failure(node, "its slope is \(slope)") }
            try followElementwise(node, "leaky_relu", ["slope": .float(slope)])
        case "Tanh": try followElementwise(node, "tanh")
        case "Sigmoid": try followElementwise(node, "sigmoid")
        case "Dropout": try followDropout(node)
        case "MaxPool": try followMaxPool(node)
        case "AveragePool": try followAveragePool(node)
        case "GlobalAveragePool", "GlobalMaxPool": try followGlobalPool(node)
        case "ReduceMean": try followMean(node)
        case "Pad": try followPad(node)
        case "Add", "Sum": try followAdd(node)
        case "Sub", "Mul", "Div": try followAffine(node)
        case "Concat": try followConcat(node)
        case "Flatten": try followFlatten(node)
        case "Reshape": try followReshape(node)
        case "Squeeze": try followSqueeze(node)
        case "Transpose": try followTranspose(node)
        case "Shape", "Gather", "Slice", "Unsqueeze": try followExtents(node)
        case "Softmax", "LogSoftmax": try followSoftmax(node)
        default: throw failure(node, "graphs have no such operation")
        }
    }

    /// A name for the layer: its weight's where that tells, else the node's.
    func layerName(_ node: ONNXNode, weight: String? = nil) -> String {
        // What this program wrote has its graph's own names.
        if model.producerName == ONNXWriter.producer, !node.name.isEmpty { return node.name }
        if let weight {
            for suffix in Self.weightSuffixes where weight.hasSuffix(suffix) {
                let layer = weight.dropLast(suffix.count)
                if !layer.isEmpty { return String(layer) }
            }
        }
        // Exporters name nodes by their place: /layer1/layer1.0/conv1/Conv_3.
        var parts = node.name.split(separator: "/").map(String.init)
        var number = ""
        if parts.count > 1, let last = parts.last, last.hasPrefix(node.operation) {
            number = String(last.dropFirst(node.operation.count))
            parts.removeLast()
        }
        var path: [String] = []
        for part in parts {
            if let outer = path.last, part.hasPrefix(outer + ".") { path.removeLast() }
            path.append(part)
        }
        return path.isEmpty ? node.operation.lowercased() : path.joined(separator: ".") + number
    }

    private static let weightSuffixes = [
        ".weight", "/weight", "/kernel", "/kernel:0", ".kernel", "/gamma", "/gamma:0", ".gamma",
        ".scale", "/scale",
    ]

    // MARK: Operators that change nothing, or the sign of numbers

    private mutating func followConstant(_ node: ONNXNode) throws(NotUnderstood) {
        guard let output = node.outputs.first, let constant = tensors.constants[output] else {
            throw failure(node, "its value is not of numbers")
        }
        try define(node, .constant(constant.entry, isTransposed: false))
    }

    private mutating func followAlias(_ node: ONNXNode) throws(NotUnderstood) {
        guard let value = node.inputs.first.flatMap({ values[$0] }) else {
            throw failure(node, "its input is unknown")
        }
        if node.operation == "Cast", case .activation = value {
            let type = node.attributes["to"]?.integer.flatMap { ONNXDataType.all[$0] }?.elementType
            guard type?.isFloatingPoint == true else {
                throw failure(node, "it casts to \(type?.rawValue ?? "an unknown type")")
            }
        }
        try define(node, value)
    }

    private mutating func followElementwise(
        _ node: ONNXNode, _ operation: String, _ attributes: [String: JSON] = [:]
    ) throws(NotUnderstood) {
        var activation = try input(0, of: node)
        activation.node = builder.add(
            layerName(node), operation, inputs: [activation.node], attributes)
        try define(node, .activation(activation))
    }

    /// Dropout is nothing in inference; its rate matters to whoever trains on.
    private mutating func followDropout(_ node: ONNXNode) throws(NotUnderstood) {
        var rate = node.attributes["ratio"]?.float ?? 0.5
        if let (entry, _) = try constant(1, of: node) {
            guard entry.shape.elementCount == 1, let list = try? entry.tensor().floats() else {
                throw failure(node, "its ratio is not a number")
            }
            rate = list[0]
        }
        guard rate >= 0, rate < 1 else { throw failure(node, "its ratio is \(rate)") }
        try followElementwise(node, "dropout", ["rate": .float(rate)])
    }

    private mutating func followSoftmax(_ node: ONNXNode) throws(NotUnderstood) {
        let logits = try input(0, of: node)
        // Before version 13 the default axis was 1, and everything from it on counted.
        let axis = node.attributes["axis"]?.integer ?? (model.operatorSet < 13 ? 1 : -1)
        guard !logits.isImage, axis == 1 || axis == -1 else {
            throw failure(node, "it is not over the classes")
        }
        let name = node.name.isEmpty ? node.operation : node.name
        try define(node, .softmax(logits, node: name))
    }

    // MARK: Joining

    private mutating func followAdd(_ node: ONNXNode) throws(NotUnderstood) {
        let isConstant = node.inputs.map { name in
            if case .constant = values[name] { true } else { false }
        }
        if isConstant.contains(true) {
            guard node.inputs.count == 2, isConstant != [true, true] else {
                throw failure(node, "it adds constants")
            }
            if try addBias(node, constant: isConstant[0] ? 0 : 1) { return }
            return try followAffine(node)
        }
        var sum = try input(0, of: node)
        guard node.inputs.count > 1 else { return try define(node, .activation(sum)) }
        var inputs = [sum.node]
        for index in node.inputs.indices.dropFirst() {
            let term = try input(index, of: node)
            guard term.shape == sum.shape,
                term.fileDimensions == sum.fileDimensions,
                term.isFlattenedLast == sum.isFlattenedLast
            else {
                throw failure(node, "it adds \(term.shape) to \(sum.shape)")
            }
            if term.flatten != sum.flatten { sum.flatten = nil }
            inputs.append(term.node)
        }
        guard inputs.count <= 64 else { throw failure(node, "it has more than 64 inputs") }
        sum.node = builder.add(layerName(node), "add", inputs: inputs)
        try define(node, .activation(sum))
    }

    private mutating func followConcat(_ node: ONNXNode) throws(NotUnderstood) {
        if try followExtentsConcat(node) { return }
        var joined = try input(0, of: node)
        let rank = joined.shape.count + 1
        let axis = node.attributes["axis"]?.integer ?? 1
        guard axis == joined.channelAxis || axis == joined.channelAxis - rank else {
            throw failure(node, "it joins along axis \(axis)")
        }
        guard node.inputs.count > 1 else { return try define(node, .activation(joined)) }
        var inputs = [joined.node]
        for index in node.inputs.indices.dropFirst() {
            let part = try input(index, of: node)
            guard part.shape.dropFirst() == joined.shape.dropFirst(), inputs.count < 64,
                part.isChannelsLast == joined.isChannelsLast || !part.isImage,
                !part.isFlattenedLast, !joined.isFlattenedLast
            else { throw failure(node, "it joins \(joined.shape) and \(part.shape)") }
            joined.shape[0] += part.shape[0]
            inputs.append(part.node)
        }
        joined.flatten = nil
        try checkSize(joined.shape, of: node.title)
        joined.node = builder.add(layerName(node), "concat", inputs: inputs)
        try define(node, .activation(joined))
    }

    // MARK: Constants for each channel

    /// Normalisation of the input by constants, which are gathered until another node reads it.
    private mutating func followAffine(_ node: ONNXNode) throws(NotUnderstood) {
        guard node.inputs.count == 2 else { throw failure(node, "it has not two inputs") }
        var position = 0
        if case .constant = values[node.inputs[0]] {
            guard node.operation != "Sub", node.operation != "Div" else {
                throw failure(node, "it is of a constant by the image")
            }
            position = 1
        }
        guard case .activation(var activation) = values[node.inputs[position]],
            case .constant = values[node.inputs[1 - position]],
            builder.nodes[activation.node].operation == "input"
        else {
            throw failure(node, "only an input is normalised by constants")
        }
        let constants = try perChannel(1 - position, of: node, like: activation)
        var affine = activation.affine ?? ONNXAffine(name: "")
        affine.name = layerName(node)
        guard affine.apply(node.operation, constants) else {
            throw failure(node, "what it makes of the input is no normalisation")
        }
        activation.affine = affine
        try define(node, .activation(activation))
    }

    /// A constant that broadcasts over everything but the channels: one value, or one a channel.
    func perChannel(
        _ index: Int, of node: ONNXNode, like activation: ONNXActivation
    ) throws(NotUnderstood) -> [Float] {
        guard let (entry, isTransposed) = try constant(index, of: node), !isTransposed else {
            throw failure(node, "its constant is missing")
        }
        let rank = activation.shape.count + 1
        let missing = rank - entry.shape.rank
        let fits =
            missing >= 0
            && entry.shape.dimensions.enumerated().allSatisfy { axis, extent in
                extent == 1
                    || (axis + missing == activation.channelAxis && extent == activation.shape[0])
            }
        guard fits, entry.shape.elementCount <= 1 << 16,
            let values = try? entry.tensor().floats()
        else {
            throw failure(
                node, "its constant '\(entry.name)' of shape \(entry.shape) is not one a channel")
        }
        return values
    }
}
