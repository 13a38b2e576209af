// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Kernel, stride and padding of a convolution or pooling, as a graph says them.
struct ONNXWindow {
    /// Height and width.
    let kernel: [Int]
    let stride: [Int]
    /// Top, left, bottom, right.
    private(set) var padding: [Int]
    /// Height and width of what comes out.
    private(set) var output: [Int] = []

    /// `Training/Graph` takes no larger numbers, and no product of two of them overflows.
    private static let limit = 1 << 16

    /// - Parameters:
    ///   - kernel: that of the weights; nil where the attribute alone says it.
    ///   - extra: padding that an operator before it has asked for.
    init(
        _ node: ONNXNode, image: ONNXActivation, kernel: [Int]? = nil, extra: [Int] = [0, 0, 0, 0]
    ) throws(ONNXGraphImport.NotUnderstood) {
        func refusal(_ reason: String) -> ONNXGraphImport.NotUnderstood {
            ONNXGraphImport.NotUnderstood(reason: "\(node.title) is not understood: \(reason)")
        }
        let stated = node.attributes["kernel_shape"]?.integers ?? kernel
        guard let stated, stated.count == 2, kernel == nil || kernel == stated else {
            throw refusal("its kernel is not two-dimensional or not that of its weights")
        }
        guard (node.attributes["dilations"]?.integers ?? []).allSatisfy({ $0 == 1 }) else {
            throw refusal("it is dilated")
        }
        let stride = node.attributes["strides"]?.integers ?? [1, 1]
        guard stride.count == 2, (stated + stride).allSatisfy({ (1...Self.limit).contains($0) })
        else { throw refusal("kernel \(stated) or stride \(stride) is out of range") }
        self.kernel = stated
        self.stride = stride
        let size = Array(image.shape.dropFirst())
        let mode = node.attributes["auto_pad"]?.text ?? "NOTSET"
        switch mode {
        case "NOTSET", "": padding = node.attributes["pads"]?.integers ?? [0, 0, 0, 0]
        case "VALID": padding = [0, 0, 0, 0]
        case "SAME_UPPER", "SAME_LOWER":
            let total = (0..<2).map { axis in
                let steps = (size[axis] + stride[axis] - 1) / stride[axis]
                return max((steps - 1) * stride[axis] + stated[axis] - size[axis], 0)
            }
            let less = total.map { $0 / 2 }
            let more = total.map { $0 - $0 / 2 }
            padding = mode == "SAME_UPPER" ? less + more : more + less
        default: throw refusal("its auto_pad is '\(mode)'")
        }
        guard padding.count == 4, extra.count == 4,
            (padding + extra).allSatisfy({ (0...Self.limit).contains($0) })
        else { throw refusal("its padding is \(padding)") }
        padding = zip(padding, extra).map { $0 + $1 }
        guard let output = positions(over: size), padding.allSatisfy({ $0 <= Self.limit }) else {
            throw refusal("kernel \(stated) does not fit in an image of \(size) pixels")
        }
        self.output = output
    }

    /// floor((size + before + after - kernel) / stride) + 1 along each axis; nil where the kernel
    /// does not fit.
    private func positions(over size: [Int]) -> [Int]? {
        let room = (0..<2).map { axis -> Int in
            let padded: Int = size[axis] + padding[axis] + padding[axis + 2]
            return padded - kernel[axis]
        }
        guard room.allSatisfy({ $0 >= 0 }) else { return nil }
        return (0..<2).map { room[$0] / stride[$0] + 1 }
    }

    /// Pads below and to the right until every pixel is in a window, as `ceil_mode` asks.
    ///
    /// - Returns: false where the last window would begin in the padding: runtimes disagree there.
    mutating func roundUp(over size: [Int]) -> Bool {
        for axis in 0..<2 {
            let room: Int = size[axis] + padding[axis] + padding[axis + 2] - kernel[axis]
            let rest = room % stride[axis]
            guard rest > 0 else { continue }
            let start = (room / stride[axis] + 1) * stride[axis]
            guard start < size[axis] + padding[axis] else { return false }
            padding[axis + 2] += stride[axis] - rest
        }
        output = positions(over: size) ?? output
        return true
    }

    /// A graph's pooling has no window in the padding alone.
    var fitsPooling: Bool { (0..<4).allSatisfy { 2 * padding[$0] <= kernel[$0 % 2] } }

    var attributes: [String: JSON] {
        let isSymmetric = padding[0] == padding[2] && padding[1] == padding[3]
        func list(_ numbers: some Sequence<Int>) -> JSON { .array(numbers.map { .integer($0) }) }
        return [
            "kernel": list(kernel), "stride": list(stride),
            "padding": list(isSymmetric ? Array(padding[..<2]) : padding),
        ]
    }
}
