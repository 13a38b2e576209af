// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Nodes that pool pixels or pad images.
extension ONNXGraphImport {
    mutating func followMaxPool(_ node: ONNXNode) throws(NotUnderstood) {
        let image = try image(of: node)
        // Zeros never win against what a ReLU or sigmoid lets through, so they are no values.
        let source = builder.nodes[image.node].operation
        guard image.padding.allSatisfy({ $0 == 0 }) || source == "relu" || source == "sigmoid"
        else { throw failure(node, "its input is padded with zeros") }
        guard node.attributes["storage_order"]?.integer ?? 0 == 0 else {
            throw failure(node, "it is stored by columns")
        }
        var window = try ONNXWindow(node, image: image, extra: image.padding)
        guard
            node.attributes["ceil_mode"]?.integer ?? 0 == 0
                || window.roundUp(over: Array(image.shape.dropFirst()))
        else { throw failure(node, "it rounds its size up to a window in the padding") }
        try pool(node, image, window, "max_pool")
    }

    mutating func followAveragePool(_ node: ONNXNode) throws(NotUnderstood) {
        let image = try image(of: node)
        let countsPadding = node.attributes["count_include_pad"]?.integer ?? 0 != 0
        let window = try ONNXWindow(node, image: image, extra: image.padding)
        var rounded = window
        guard
            node.attributes["ceil_mode"]?.integer ?? 0 == 0
                || rounded.roundUp(over: Array(image.shape.dropFirst()))
                    && rounded.output == window.output
        else { throw failure(node, "it rounds its size up") }
        let isPadded = image.padding.contains { $0 > 0 }
        // Zeros of an operator before it are pixels, those of its own may not be.
        guard !isPadded || countsPadding || window.padding == image.padding else {
            throw failure(node, "its input is padded twice")
        }
        try pool(
            node, image, window, "avg_pool", ["count_padding": .bool(countsPadding || isPadded)])
    }

    mutating func followGlobalPool(_ node: ONNXNode) throws(NotUnderstood) {
        let image = try input(0, of: node)
        guard image.isImage, !image.isChannelsLast else {
            throw failure(node, "its input is not an image of axes (N, C, H, W)")
        }
        if node.operation == "GlobalAveragePool" { return try averageAll(node, image) }
        let size = JSON.array(image.shape.dropFirst().map { .integer($0) })
        var result = image
        result.node = builder.add(
            layerName(node), "max_pool", inputs: [image.node],
            ["kernel": size, "stride": size, "padding": [0, 0]])
        result.shape = [image.shape[0], 1, 1]
        try define(node, .activation(result))
    }

    /// The mean of all pixels: what exporters make of adaptive pooling to one pixel.
    mutating func followMean(_ node: ONNXNode) throws(NotUnderstood) {
        let image = try input(0, of: node)
        let axes = try axes(of: node, input: 1, rank: 4)
        guard image.isImage, let axes, axes.sorted() == image.pixelAxes else {
            throw failure(node, "it is not the mean of an image's pixels")
        }
        try averageAll(node, image, flattens: node.attributes["keepdims"]?.integer ?? 1 == 0)
    }

    private mutating func averageAll(
        _ node: ONNXNode, _ image: ONNXActivation, flattens: Bool = false
    ) throws(NotUnderstood) {
        var result = image
        let name = layerName(node)
        result.node = builder.add(name, "global_avg_pool", inputs: [image.node])
        result.shape = [image.shape[0], 1, 1]
        if flattens { result = try flattened(result, name: name + ".flatten") }
        try define(node, .activation(result))
    }

    private mutating func image(of node: ONNXNode) throws(NotUnderstood) -> ONNXActivation {
        let image = try input(0, of: node, allowsPadding: true)
        guard image.isImage, !image.isChannelsLast else {
            throw failure(node, "its input is not an image of axes (N, C, H, W)")
        }
        return image
    }

    private mutating func pool(
        _ node: ONNXNode, _ image: ONNXActivation, _ window: ONNXWindow, _ operation: String,
        _ attributes: [String: JSON] = [:]
    ) throws(NotUnderstood) {
        guard window.fitsPooling else {
            throw failure(
                node, "its padding \(window.padding) is more than half the kernel \(window.kernel)")
        }
        var result = image
        result.node = builder.add(
            layerName(node), operation, inputs: [image.node],
            window.attributes.merging(attributes) { _, new in new })
        result.shape = [image.shape[0]] + window.output
        result.padding = [0, 0, 0, 0]
        try checkSize(result.shape, of: node.title)
        try define(node, .activation(result))
    }

    /// Zeros around an image wait for the convolution or pooling that takes them as its padding.
    mutating func followPad(_ node: ONNXNode) throws(NotUnderstood) {
        var activation = try input(0, of: node, allowsPadding: true)
        guard node.attributes["mode"]?.text ?? "constant" == "constant" else {
            throw failure(node, "it pads with something other than a constant")
        }
        var value = node.attributes["value"]?.float ?? 0
        if let (entry, _) = try constant(2, of: node) {
            guard entry.shape.elementCount == 1, let list = try? entry.tensor().floats() else {
                throw failure(node, "its value is not a number")
            }
            value = list[0]
        }
        let rank = activation.shape.count + 1
        let stated = node.attributes["pads"]?.integers ?? node.attributes["paddings"]?.integers
        guard let pads = try integers(stated, or: 1, of: node) else {
            throw failure(node, "its padding is not given")
        }
        let axes = try axes(of: node, input: 3, rank: rank) ?? Array(0..<rank)
        guard value == 0, pads.count == 2 * axes.count,
            pads.allSatisfy({ (0...(1 << 16)).contains($0) })
        else { throw failure(node, "it pads by \(pads) with \(value)") }
        for (index, axis) in axes.enumerated() {
            let (before, after) = (pads[index], pads[index + axes.count])
            guard before + after > 0 else { continue }
            guard activation.isImage, let side = activation.pixelAxes.firstIndex(of: axis) else {
                throw failure(node, "it pads axis \(axis)")
            }
            activation.padding[side] += before
            activation.padding[side + 2] += after
        }
        try define(node, .activation(activation))
    }

    /// The axes that an attribute or, since they may be computed, an input names; nil for none.
    func axes(
        of node: ONNXNode, input index: Int, rank: Int
    ) throws(NotUnderstood) -> [Int]? {
        let stated = node.attributes["axes"]?.integers
        guard let axes = try integers(stated, or: index, of: node) else { return nil }
        guard axes.allSatisfy({ $0 >= -rank && $0 < rank }), Set(axes).count == axes.count else {
            throw failure(node, "it names the axes \(axes)")
        }
        return axes.map { $0 < 0 ? $0 + rank : $0 }
    }
}
