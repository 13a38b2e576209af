// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Zeros around an image.
struct KerasPadding: Equatable {
    var top = 0
    var left = 0
    var bottom = 0
    var right = 0

    var isNone: Bool { self == KerasPadding() }

    /// An integer pair where both sides are padded alike, else [top, left, bottom, right].
    var json: JSON {
        let sides = top == bottom && left == right ? [top, left] : [top, left, bottom, right]
        return .array(sides.map { .integer($0) })
    }

    static func + (left: KerasPadding, right: KerasPadding) -> KerasPadding {
        KerasPadding(
            top: left.top + right.top, left: left.left + right.left,
            bottom: left.bottom + right.bottom, right: left.right + right.right)
    }
}

/// A window that moves over an image, as Keras states it.
struct KerasWindow {
    let kernel: [Int]
    let stride: [Int]
    let padding: KerasPadding
    /// Positions along height and width.
    let positions: [Int]

    /// - Parameters:
    ///   - isSame: pads so that there is a position for every `stride` pixels; where the zeros are
    ///     odd in number, the last side gets one more (`keras/src/ops/operation_utils.py`).
    ///   - around: zeros that a padding layer has put around the image.
    init?(kernel: [Int], stride: [Int], isSame: Bool, over image: [Int], around: KerasPadding) {
        let limit = 1 << 16
        guard (kernel + stride).allSatisfy({ $0 > 0 && $0 <= limit }) else { return nil }
        let padded = [
            image[0] + around.top + around.bottom, image[1] + around.left + around.right,
        ]
        var before = [0, 0]
        var after = [0, 0]
        var positions = [0, 0]
        for axis in 0..<2 {
            if isSame {
                positions[axis] = (padded[axis] + stride[axis] - 1) / stride[axis]
                let total = max(
                    (positions[axis] - 1) * stride[axis] + kernel[axis] - padded[axis], 0)
                before[axis] = total / 2
                after[axis] = total - before[axis]
            } else {
                guard padded[axis] >= kernel[axis] else { return nil }
                positions[axis] = (padded[axis] - kernel[axis]) / stride[axis] + 1
            }
        }
        self.kernel = kernel
        self.stride = stride
        self.positions = positions
        padding =
            around
            + KerasPadding(top: before[0], left: before[1], bottom: after[0], right: after[1])
    }

    var attributes: [String: JSON] {
        [
            "kernel": .array(kernel.map { .integer($0) }),
            "stride": .array(stride.map { .integer($0) }), "padding": padding.json,
        ]
    }
}
