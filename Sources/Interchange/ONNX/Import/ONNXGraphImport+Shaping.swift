// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Nodes that rearrange axes, and those that compute the extents they need for it.
extension ONNXGraphImport {
    mutating func followFlatten(_ node: ONNXNode) throws(NotUnderstood) {
        let activation = try input(0, of: node)
        let axis = node.attributes["axis"]?.integer ?? 1
        guard axis == 1 || axis == -activation.shape.count else {
            throw failure(node, "it flattens from axis \(axis)")
        }
        try define(node, .activation(try flattened(activation, name: layerName(node))))
    }

    /// The features of an image in the file's order; vectors are theirs.
    mutating func flattened(
        _ activation: ONNXActivation, name: String
    ) throws(NotUnderstood) -> ONNXActivation {
        guard activation.isImage else { return activation }
        var result = activation
        let (channels, height, width) = (
            activation.shape[0], activation.shape[1], activation.shape[2]
        )
        result.node = builder.add(name, "flatten", inputs: [activation.node])
        result.shape = [channels * height * width]
        result.isChannelsLast = false
        if height * width > 1 {
            result.flatten = ParameterRole.FlattenOrigin(
                height: height, width: width, channels: channels)
            result.isFlattenedLast = activation.isChannelsLast && channels > 1
        }
        return result
    }

    /// To (N, features), however the exporter says it; or to the shape that is there.
    mutating func followReshape(_ node: ONNXNode) throws(NotUnderstood) {
        let activation = try input(0, of: node)
        let stated = node.attributes["shape"]?.integers?.map(Optional.some)
        let target = stated == nil ? try extents(1, of: node) : stated
        guard let target else {
            throw failure(node, "its shape is not known")
        }
        let isLiteralZero = node.attributes["allowzero"]?.integer ?? 0 != 0
        let file = activation.fileDimensions
        let features = file.reduce(1, *)
        // Each extent it asks for, with what stands for the batch as nil.
        func matches(_ dimensions: [Int]) -> Bool {
            guard target.count == dimensions.count + 1 else { return false }
            let unknown = target.filter { $0 == -1 }.count
            guard unknown <= 1, !(isLiteralZero && target.contains(0)) else { return false }
            let isBatch =
                target[0] == nil || target[0] == 0 || target[0] == -1 || target[0] == batch
            let sameRank = dimensions.count == file.count
            return isBatch
                && zip(target.dropFirst(), dimensions).enumerated().allSatisfy { index, pair in
                    pair.0 == pair.1 || pair.0 == -1
                        || (pair.0 == 0 && (sameRank ? file[index] : file[0]) == pair.1)
                }
        }
        if matches(file) { return try define(node, .activation(activation)) }
        guard matches([features]) else {
            let text = target.map { $0.map(String.init) ?? "N" }.joined(separator: ", ")
            throw failure(node, "it reshapes (N, \(file)) to (\(text))")
        }
        try define(node, .activation(try flattened(activation, name: layerName(node))))
    }

    mutating func followSqueeze(_ node: ONNXNode) throws(NotUnderstood) {
        if try followExtentsAlias(node) { return }
        let activation = try input(0, of: node)
        guard activation.isImage, activation.shape[1] == 1, activation.shape[2] == 1,
            try axes(of: node, input: 1, rank: 4)?.sorted() == activation.pixelAxes
        else { throw failure(node, "it drops other axes than those of one pixel") }
        try define(node, .activation(try flattened(activation, name: layerName(node))))
    }

    mutating func followTranspose(_ node: ONNXNode) throws(NotUnderstood) {
        let order = node.attributes["perm"]?.integers
        if let (entry, isTransposed) = try? constant(0, of: node) {
            guard entry.shape.rank == 2, order ?? [1, 0] == [1, 0] else {
                throw failure(node, "it turns a constant of shape \(entry.shape)")
            }
            return try define(node, .constant(entry, isTransposed: !isTransposed))
        }
        guard let name = node.inputs.first, case .activation(var activation) = values[name] else {
            throw failure(node, "its input is unknown")
        }
        switch (activation.isImage, activation.isChannelsLast, order) {
        case (true, true, [0, 3, 1, 2]): activation.isChannelsLast = false
        case (true, false, [0, 2, 3, 1]): activation.isChannelsLast = true
        case (true, _, [0, 1, 2, 3]), (false, _, [0, 1]): break
        default: throw failure(node, "it turns the axes to \(order ?? [])")
        }
        try define(node, .activation(activation))
    }

    // MARK: Extents

    /// Input `index` as a list of extents: constants, or what ``followExtents(_:)`` found.
    private func extents(_ index: Int, of node: ONNXNode) throws(NotUnderstood) -> [Int?]? {
        guard node.inputs.indices.contains(index) else { return nil }
        if case .extents(let list) = values[node.inputs[index]] { return list }
        return try integers(index, of: node)?.map(Optional.some)
    }

    mutating func followExtents(_ node: ONNXNode) throws(NotUnderstood) {
        switch node.operation {
        case "Shape":
            guard let name = node.inputs.first, case .activation(let activation) = values[name]
            else { throw failure(node, "its input is unknown") }
            let whole: [Int?] = [nil] + activation.fileDimensions.map(Optional.some)
            let start = Self.clamped(node.attributes["start"]?.integer ?? 0, whole.count)
            let end = Self.clamped(node.attributes["end"]?.integer ?? whole.count, whole.count)
            try define(node, .extents(Array(whole[min(start, end)..<end])))
        case "Gather":
            guard let list = try extents(0, of: node), let indices = try integers(1, of: node),
                indices.allSatisfy({ $0 >= -list.count && $0 < list.count })
            else { throw failure(node, "it takes something other than extents") }
            try define(node, .extents(indices.map { list[$0 < 0 ? $0 + list.count : $0] }))
        case "Slice":
            let starts = try integers(node.attributes["starts"]?.integers, or: 1, of: node)
            let ends = try integers(node.attributes["ends"]?.integers, or: 2, of: node)
            let steps = try integers(4, of: node) ?? [1]
            guard let list = try extents(0, of: node), starts?.count == 1, ends?.count == 1,
                let first = starts?.first, let last = ends?.first, steps == [1]
            else { throw failure(node, "it takes something other than extents") }
            let end = Self.clamped(last, list.count)
            try define(
                node, .extents(Array(list[min(Self.clamped(first, list.count), end)..<end])))
        default:
            guard try followExtentsAlias(node) else {
                throw failure(node, "it adds axes to something other than extents")
            }
        }
    }

    /// A position as Python counts it, from the end when negative.
    private static func clamped(_ position: Int, _ count: Int) -> Int {
        min(max(position < 0 ? position + count : position, 0), count)
    }

    /// Squeeze and Unsqueeze make nothing else of a single extent. False for other inputs.
    private mutating func followExtentsAlias(_ node: ONNXNode) throws(NotUnderstood) -> Bool {
        guard let name = node.inputs.first else { return false }
        switch values[name] {
        case .extents(let list) where list.count == 1: try define(node, .extents(list))
        case .constant(let entry, _) where entry.shape.elementCount == 1:
            guard let list = try integers(0, of: node) else { return false }
            try define(node, .extents(list.map(Optional.some)))
        default: return false
        }
        return true
    }

    /// Joins lists of extents. False for other inputs.
    mutating func followExtentsConcat(_ node: ONNXNode) throws(NotUnderstood) -> Bool {
        let isExtents = node.inputs.contains { name in
            if case .extents = values[name] { true } else { false }
        }
        guard isExtents else { return false }
        var joined: [Int?] = []
        for index in node.inputs.indices {
            guard let list = try extents(index, of: node), joined.count + list.count <= 64 else {
                throw failure(node, "it joins something other than extents")
            }
            joined += list
        }
        try define(node, .extents(joined))
        return true
    }
}
