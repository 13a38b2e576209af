// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Which operators of set 17 compute which node.
extension ONNXNodes {
    mutating func add(_ node: GraphLayer) throws(InterchangeError) {
        let inputs = try inputs(of: node)
        let value = value(of: node)
        setRank(rank(of: node), of: node)
        let (operation, attributes): (String, [ONNXAttributeMessage])
        switch node.operation {
        case "input": return try setInput(node)
        case "normalize": return try addNormalize(node, inputs)
        case "conv2d": return try addConvolution(node, inputs)
        case "dense": return try addDense(node, inputs)
        case "batch_norm": return try addNormalization(node, inputs)
        case "dropout":
            // Nothing in inference; it stays so that the graph reads back as it was.
            let ratio = constant(node.name + ".ratio", [try node.float("rate", or: 0.5)], shape: [])
            return emit("Dropout", name: node.name, inputs: inputs + [ratio], output: value)
        case "relu": (operation, attributes) = ("Relu", [])
        case "leaky_relu":
            (operation, attributes) = (
                "LeakyRelu", [.float("alpha", try node.float("slope", or: 0.01))]
            )
        case "tanh": (operation, attributes) = ("Tanh", [])
        case "sigmoid": (operation, attributes) = ("Sigmoid", [])
        case "max_pool":
            (operation, attributes) = ("MaxPool", try node.window(defaultStride: nil))
        case "avg_pool":
            let counts = try node.flag("count_padding", or: true) ? 1 : 0
            (operation, attributes) = (
                "AveragePool",
                try node.window(defaultStride: nil) + [.integer("count_include_pad", counts)]
            )
        case "global_avg_pool": (operation, attributes) = ("GlobalAveragePool", [])
        case "flatten":
            setRank(1, of: node)
            (operation, attributes) = ("Flatten", [.integer("axis", 1)])
        case "add": (operation, attributes) = (inputs.count == 2 ? "Add" : "Sum", [])
        case "concat": (operation, attributes) = ("Concat", [.integer("axis", 1)])
        default: throw node.failure("ONNX has no such operator")
        }
        emit(operation, name: node.name, inputs: inputs, output: value, attributes)
    }

    private mutating func addNormalize(
        _ node: GraphLayer, _ inputs: [String]
    ) throws(InterchangeError) {
        let mean = try node.floats("mean")
        let deviation = try node.floats("std")
        let pixelAxes = [Int](repeating: 1, count: rank(of: node) - 1)
        func shape(_ values: [Float]) -> [Int] {
            values.count == 1 ? [1] : [values.count] + pixelAxes
        }
        let subtrahend = constant(node.name + ".mean", mean, shape: shape(mean))
        let divisor = constant(node.name + ".std", deviation, shape: shape(deviation))
        let centred = freeName(node.name + ".centred")
        emit("Sub", name: centred, inputs: inputs + [subtrahend], output: centred)
        emit("Div", name: node.name, inputs: [centred, divisor], output: value(of: node))
    }

    private mutating func addConvolution(
        _ node: GraphLayer, _ inputs: [String]
    ) throws(InterchangeError) {
        let filters = try node.integer("filters")
        let kernel = try node.pair("kernel")
        let weight = try parameter("weight", of: node) { shape in
            shape.rank == 4 && shape[0] == filters && Array(shape.dimensions[2...]) == kernel
        }
        guard weight.entry.role?.layout != .keras else {
            throw node.failure("'\(weight.entry.name)' is in Keras's layout, expected (O, I, H, W)")
        }
        var operands = inputs + [weight.value]
        if try node.flag("bias", or: true) {
            operands.append(try parameter("bias", of: node) { $0.dimensions == [filters] }.value)
        }
        emit(
            "Conv", name: node.name, inputs: operands, output: value(of: node),
            try node.window(defaultStride: [1, 1]) + [
                .integers("dilations", [1, 1]),
                .integer("group", try node.integer("groups", or: 1)),
            ])
    }

    /// (in, out) weights are taken as they lie; they say so in their role.
    private mutating func addDense(
        _ node: GraphLayer, _ inputs: [String]
    ) throws(InterchangeError) {
        let units = try node.integer("units")
        let weight = try parameter("weight", of: node) { shape in
            shape.rank == 2 && shape.dimensions.contains(units)
        }
        let role = weight.entry.role
        let isInOut = role?.layout == .keras && role?.kind == .dense
        guard !isInOut || role?.flatten == nil else {
            throw node.failure("'\(weight.entry.name)' is of an image flattened as (H, W, C)")
        }
        guard weight.entry.shape[isInOut ? 1 : 0] == units else {
            throw node.failure(
                "'\(weight.entry.name)' of shape \(weight.entry.shape) has not \(units) outputs")
        }
        var operands = inputs + [weight.value]
        if try node.flag("bias", or: true) {
            operands.append(try parameter("bias", of: node) { $0.dimensions == [units] }.value)
        }
        emit(
            "Gemm", name: node.name, inputs: operands, output: value(of: node),
            [.float("alpha", 1), .float("beta", 1), .integer("transB", isInOut ? 0 : 1)])
    }

    private mutating func addNormalization(
        _ node: GraphLayer, _ inputs: [String]
    ) throws(InterchangeError) {
        var operands = inputs
        for name in ["weight", "bias", "running_mean", "running_var"] {
            operands.append(try parameter(name, of: node) { $0.rank == 1 }.value)
        }
        // Decimals undo 1 - x exactly when the file is read back.
        let newest = Double(try node.float("momentum", or: 0.1).description) ?? 0.1
        emit(
            "BatchNormalization", name: node.name, inputs: operands, output: value(of: node),
            [
                .float("epsilon", try node.float("epsilon", or: 1e-5)),
                .float("momentum", Float(1 - newest)),
            ])
    }
}
