// SPDX-License-Identifier: Apache-2.0

import Tensors

@testable import Interchange

/// Runs a graph in its JSON form in the plainest way there is: loops over (C, H, W), parameters
/// read in Keras's layout where they lie. Nothing of Training or of the layout rules is used, so
/// that it can judge both.
struct GraphInterpreter {
    struct Image {
        var shape: [Int]
        var values: [Float]

        subscript(channel: Int, row: Int, column: Int) -> Float {
            values[(channel * shape[1] + row) * shape[2] + column]
        }
    }

    let nodes: [JSON]
    private var parameters: [String: WeightEntry] = [:]
    private var implied: [String: Tensor] = [:]

    init?(_ file: WeightFile) {
        guard let model = file.model, let nodes = model.graph?["nodes"]?.arrayValue else {
            return nil
        }
        self.nodes = nodes
        implied = model.implied
        for (name, parameter) in model.parameters { parameters[parameter] = file[name] }
    }

    /// The logits of one image in (H, W, C) order, or of one vector.
    func logits(of image: [Float]) throws -> [Float] {
        var outputs: [String: Image] = [:]
        var last = ""
        for node in nodes {
            let name = node["name"]?.stringValue ?? ""
            var inputs = (node["inputs"]?.arrayValue ?? []).compactMap(\.stringValue)
            if inputs.isEmpty { inputs = [last] }
            let attributes = node["attributes"] ?? [:]
            if node["op"] == "input" {
                outputs[name] = Self.input(image, attributes)
            } else {
                let given = inputs.compactMap { outputs[$0] }
                outputs[name] = try run(node["op"]?.stringValue ?? "", name, attributes, given)
            }
            last = name
        }
        return outputs[last]?.values ?? []
    }

    private static func input(_ values: [Float], _ attributes: JSON) -> Image {
        let shape = ints(attributes["shape"])
        guard shape.count == 3 else { return Image(shape: shape, values: values) }
        var image = Image(shape: shape, values: values)
        for channel in 0..<shape[0] {
            for pixel in 0..<(shape[1] * shape[2]) {
                image.values[channel * shape[1] * shape[2] + pixel] =
                    values[pixel * shape[0] + channel]
            }
        }
        return image
    }

    private func run(
        _ operation: String, _ name: String, _ attributes: JSON, _ inputs: [Image]
    ) throws -> Image {
        let input = inputs[0]
        switch operation {
        case "conv2d": return try convolution(name, attributes, input)
        case "max_pool", "avg_pool": return pool(operation == "max_pool", attributes, input)
        case "dense": return try dense(name, attributes, input)
        case "batch_norm": return try batchNormalization(name, attributes, input)
        case "normalize": return normalize(attributes, input)
        case "relu": return map(input) { max($0, 0) }
        case "leaky_relu":
            let slope = Float(attributes["slope"]?.doubleValue ?? 0.01)
            return map(input) { $0 > 0 ? $0 : slope * $0 }
        case "tanh": return map(input) { Self.tanh($0) }
        case "sigmoid": return map(input) { 0.5 + 0.5 * Self.tanh($0 / 2) }
        case "dropout": return input
        case "flatten": return Image(shape: [input.values.count], values: input.values)
        case "global_avg_pool":
            let area = input.shape[1] * input.shape[2]
            let means = (0..<input.shape[0]).map { channel in
                input.values[(channel * area)..<((channel + 1) * area)].reduce(0, +) / Float(area)
            }
            return Image(shape: [input.shape[0], 1, 1], values: means)
        case "add":
            var sum = input
            for other in inputs.dropFirst() { sum.values = zip(sum.values, other.values).map(+) }
            return sum
        case "concat":
            let channels = inputs.reduce(0) { $0 + $1.shape[0] }
            return Image(
                shape: [channels] + input.shape.dropFirst(), values: inputs.flatMap(\.values))
        default: throw InterpreterError(reason: "unknown operation \(operation)")
        }
    }

    private struct InterpreterError: Error { let reason: String }

    /// (e^2x - 1) / (e^2x + 1) by the exponential's series, halved until it converges fast.
    private static func tanh(_ x: Float) -> Float {
        var (argument, doublings) = (Double(x), 0)
        while abs(argument) > 0.01 {
            argument /= 2
            doublings += 1
        }
        let square = argument * argument
        var value = argument * (1 - square / 3 + 2 * square * square / 15)
        for _ in 0..<doublings { value = 2 * value / (1 + value * value) }
        return Float(value)
    }

    private func map(_ image: Image, _ body: (Float) -> Float) -> Image {
        Image(shape: image.shape, values: image.values.map(body))
    }

    private static func ints(_ json: JSON?) -> [Int] {
        (json?.arrayValue ?? []).compactMap(\.integerValue)
    }

    private func values(_ name: String) throws -> [Float] {
        if let tensor = implied[name] { return try tensor.floats() }
        guard let entry = parameters[name] else {
            throw InterpreterError(reason: "no parameter \(name)")
        }
        return try entry.tensor().floats()
    }

    private func convolution(_ name: String, _ attributes: JSON, _ input: Image) throws -> Image {
        let filters = attributes["filters"]?.integerValue ?? 0
        let groups = attributes["groups"]?.integerValue ?? 1
        let kernel = Self.ints(attributes["kernel"])
        let own = input.shape[0] / groups
        let entry = parameters[name + "/weight"]
        let weights = try values(name + "/weight")
        let bias = attributes["bias"] == true ? try values(name + "/bias") : []
        // (kh, kw, I, M) of a depthwise kernel, (kh, kw, I / groups, O) of others.
        let isDepthwise = entry?.role?.kind == .depthwiseConvolution
        return window(attributes, input, filters) { filter, row, column in
            var sum = bias.isEmpty ? 0 : bias[filter]
            let first = filter / (filters / groups) * own
            for y in 0..<kernel[0] {
                for x in 0..<kernel[1] {
                    guard let (r, c) = Self.inside(row + y, column + x, input) else { continue }
                    for channel in 0..<own {
                        let weight =
                            isDepthwise
                            ? weights[(y * kernel[1] + x) * filters + filter]
                            : weights[((y * kernel[1] + x) * own + channel) * filters + filter]
                        sum += weight * input[first + channel, r, c]
                    }
                }
            }
            return sum
        }
    }

    private func pool(_ isMaximum: Bool, _ attributes: JSON, _ input: Image) -> Image {
        let kernel = Self.ints(attributes["kernel"])
        let counts = attributes["count_padding"] == true
        return window(attributes, input, input.shape[0]) { channel, row, column in
            var found: [Float] = []
            for y in 0..<kernel[0] {
                for x in 0..<kernel[1] {
                    guard let (r, c) = Self.inside(row + y, column + x, input) else { continue }
                    found.append(input[channel, r, c])
                }
            }
            if isMaximum { return found.max() ?? 0 }
            return found.reduce(0, +) / Float(counts ? kernel[0] * kernel[1] : found.count)
        }
    }

    private static func inside(_ row: Int, _ column: Int, _ image: Image) -> (Int, Int)? {
        (0..<image.shape[1]).contains(row) && (0..<image.shape[2]).contains(column)
            ? (row, column) : nil
    }

    /// `body` at every position of a window: channel, and the window's corner, which may lie
    /// outside the image.
    private func window(
        _ attributes: JSON, _ input: Image, _ channels: Int, _ body: (Int, Int, Int) -> Float
    ) -> Image {
        let kernel = Self.ints(attributes["kernel"])
        let stride = Self.ints(attributes["stride"])
        let sides = Self.ints(attributes["padding"])
        let padding = sides.count == 2 ? sides + sides : sides
        let rows = (input.shape[1] + padding[0] + padding[2] - kernel[0]) / stride[0] + 1
        let columns = (input.shape[2] + padding[1] + padding[3] - kernel[1]) / stride[1] + 1
        var values: [Float] = []
        for channel in 0..<channels {
            for row in 0..<rows {
                for column in 0..<columns {
                    values.append(
                        body(
                            channel, row * stride[0] - padding[0], column * stride[1] - padding[1]))
                }
            }
        }
        return Image(shape: [channels, rows, columns], values: values)
    }

    private func dense(_ name: String, _ attributes: JSON, _ input: Image) throws -> Image {
        let units = attributes["units"]?.integerValue ?? 0
        let weights = try values(name + "/weight")
        let bias = attributes["bias"] == true ? try values(name + "/bias") : []
        let origin = parameters[name + "/weight"]?.role?.flatten
        var sums = bias.isEmpty ? [Float](repeating: 0, count: units) : bias
        for (index, value) in input.values.enumerated() {
            // The graph flattens (C, H, W), the kernel's rows are (H, W, C).
            var row = index
            if let origin {
                let area = origin.height * origin.width
                row = index % area * origin.channels + index / area
            }
            for unit in 0..<units { sums[unit] += value * weights[row * units + unit] }
        }
        return Image(shape: [units], values: sums)
    }

    private func batchNormalization(
        _ name: String, _ attributes: JSON, _ input: Image
    ) throws -> Image {
        let scale = try values(name + "/weight"), shift = try values(name + "/bias")
        let mean = try values(name + "/running_mean"), variance = try values(name + "/running_var")
        let epsilon = Float(attributes["epsilon"]?.doubleValue ?? 0)
        let area = input.values.count / input.shape[0]
        var result = input
        for index in result.values.indices {
            let channel = index / area
            result.values[index] =
                (input.values[index] - mean[channel])
                / (variance[channel] + epsilon).squareRoot() * scale[channel] + shift[channel]
        }
        return result
    }

    private func normalize(_ attributes: JSON, _ input: Image) -> Image {
        let mean = (attributes["mean"]?.arrayValue ?? []).compactMap(\.doubleValue)
        let deviation = (attributes["std"]?.arrayValue ?? []).compactMap(\.doubleValue)
        let area = input.values.count / input.shape[0]
        var result = input
        for index in result.values.indices {
            let channel = index / area
            result.values[index] =
                (input.values[index] - Float(mean[mean.count == 1 ? 0 : channel]))
                / Float(deviation[deviation.count == 1 ? 0 : channel])
        }
        return result
    }
}
