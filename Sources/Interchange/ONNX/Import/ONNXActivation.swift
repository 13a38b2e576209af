// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A value of the model's graph that depends on its input.
struct ONNXActivation {
    /// The node of the graph under construction that gives it.
    var node: Int
    /// (C, H, W) or (features), whatever the order of the axes in the file.
    var shape: [Int]
    /// Whether the file has the axes as (N, H, W, C), as models from TensorFlow do.
    var isChannelsLast = false
    /// Still to be applied: operations by constants, gathered into one normalisation.
    var affine: ONNXAffine?
    /// Zeros still to be added around it: top, left, bottom, right.
    var padding: [Int] = [0, 0, 0, 0]
    /// The image it was flattened from, where that had more than one pixel.
    var flatten: ParameterRole.FlattenOrigin?
    /// Whether that image was flattened as (H, W, C).
    var isFlattenedLast = false

    var isImage: Bool { shape.count == 3 }

    /// Axes after the batch as the file has them.
    var fileDimensions: [Int] {
        isImage && isChannelsLast ? [shape[1], shape[2], shape[0]] : shape
    }

    /// The axis of the channels in the file, the batch being axis 0.
    var channelAxis: Int { isImage && isChannelsLast ? 3 : 1 }

    /// Axes of rows and columns in the file.
    var pixelAxes: [Int] { isChannelsLast ? [1, 2] : [2, 3] }
}

/// (x - mean) / deviation, built up from additions and multiplications by constants.
struct ONNXAffine {
    private(set) var mean: [Float] = [0]
    private(set) var deviation: [Float] = [1]
    /// The name of the last operation.
    var name: String

    init(name: String) {
        self.name = name
    }

    /// Follows it by `operation` with one constant or one a channel; false where the result is no
    /// normalisation.
    mutating func apply(_ operation: String, _ constants: [Float]) -> Bool {
        func pick(_ values: [Float], _ index: Int) -> Float {
            values[values.count == 1 ? 0 : index]
        }
        switch operation {
        case "Mul", "Div":
            deviation = (0..<max(deviation.count, constants.count)).map { index in
                let (old, constant) = (pick(deviation, index), pick(constants, index))
                return operation == "Div" ? old * constant : old / constant
            }
        default:
            let sign: Float = operation == "Sub" ? 1 : -1
            mean = (0..<max(mean.count, deviation.count, constants.count)).map { index in
                pick(mean, index) + sign * pick(constants, index) * pick(deviation, index)
            }
        }
        return mean.allSatisfy(\.isFinite)
            && deviation.allSatisfy { $0 > 0 && $0.isFinite && (1 / $0).isFinite }
    }
}
