// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Turns arrays of pixels and labels, as people store them, into labelled images.
struct ImageArrays {
    /// (N, C, H, W), U8 or F32 in [0, 1].
    let images: Tensor
    let labels: [Int]
    private let labelsPath: String

    /// - Parameters:
    ///   - pixels: (N, H, W), (N, C, H, W) or (N, H, W, C) with 1 or 3 channels.
    ///   - classes: (N) or (N, 1) integers.
    init(
        pixels: Tensor, from imagesPath: String, classes: Tensor, from labelsPath: String
    ) throws(InterchangeError) {
        images = try Self.unitPixels(Self.channelsFirst(pixels, path: imagesPath), path: imagesPath)
        labels = try Self.labels(classes, path: labelsPath)
        self.labelsPath = labelsPath
        guard labels.count == images.shape[0] else {
            throw InterchangeError(
                .mismatch, labelsPath, found: "\(labels.count) labels",
                expected: "\(images.shape[0]), one for each image of \(imagesPath)")
        }
    }

    /// One more than the largest label.
    var classCount: Int { (labels.max() ?? 0) + 1 }

    func labelled(
        classCount: Int, classNames: [String] = []
    ) throws(InterchangeError) -> LabelledImages {
        do throws(TensorError) {
            return try LabelledImages(
                images: images, labels: labels, classCount: classCount, classNames: classNames)
        } catch {
            throw InterchangeError(.mismatch, labelsPath, error)
        }
    }

    /// Rows of labels that a data set may have: the digests of sets store labels as U16.
    static let largestLabel = Int(UInt16.max)

    private static func channelsFirst(
        _ pixels: Tensor, path: String
    ) throws(InterchangeError) -> Tensor {
        let shape = pixels.shape
        guard shape.elementCount > 0 else {
            throw InterchangeError(.mismatch, path, "shape \(shape) holds no pixels")
        }
        switch shape.rank {
        case 3: return try reshaped(pixels, [shape[0], 1, shape[1], shape[2]], path: path)
        case 4:
            let isChannels: (Int) -> Bool = { $0 == 1 || $0 == 3 }
            switch (isChannels(shape[1]), isChannels(shape[3])) {
            case (true, false): return pixels
            case (false, true):
                let (height, width, channels) = (shape[1], shape[2], shape[3])
                return pixels.gathered(
                    shape: [shape[0], channels, height, width],
                    strides: [height * width * channels, 1, width * channels, channels])
            case (true, true):
                throw InterchangeError(
                    .mismatch, path,
                    "shape \(shape) can be read as (N, C, H, W) and as (N, H, W, C)")
            case (false, false):
                throw InterchangeError(
                    .mismatch, path, found: "shape \(shape)",
                    expected: "1 or 3 channels in (N, C, H, W) or (N, H, W, C)")
            }
        default:
            throw InterchangeError(
                .mismatch, path, found: "shape \(shape)",
                expected: "images as (N, H, W), (N, C, H, W) or (N, H, W, C)")
        }
    }

    /// U8 as it is; floats as F32 after a look at every value.
    private static func unitPixels(_ pixels: Tensor, path: String) throws(InterchangeError)
        -> Tensor
    {
        if pixels.elementType == .u8 { return pixels }
        guard pixels.elementType.isFloatingPoint else {
            throw InterchangeError(
                .mismatch, path, found: "\(pixels.elementType) pixels",
                expected: "U8 in 0...255 or floats in [0, 1]")
        }
        let floats: Tensor
        do throws(TensorError) {
            floats = try pixels.converted(to: .f32)
        } catch {
            throw InterchangeError(.mismatch, path, error)
        }
        let outside = floats.withUnsafeBytes { bytes in
            (0..<floats.shape.elementCount).first {
                let value = bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)
                return !(value >= 0 && value <= 1)
            }.map { ($0, bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)) }
        }
        if let (index, value) = outside {
            let row = index / (floats.shape.elementCount / floats.shape[0])
            throw InterchangeError(
                .mismatch, path, found: "the pixel value \(value) in image \(row)",
                expected: "floats in [0, 1]; store 0...255 as U8")
        }
        return floats
    }

    private static func labels(_ classes: Tensor, path: String) throws(InterchangeError) -> [Int] {
        let shape = classes.shape
        guard shape.rank == 1 || (shape.rank == 2 && shape[1] == 1) else {
            let hint = shape.rank == 2 ? "; one-hot rows are not labels" : ""
            throw InterchangeError(
                .mismatch, path, found: "shape \(shape)",
                expected: "one class number for each image, (N)\(hint)")
        }
        guard classes.elementType != .bool else {
            throw InterchangeError(.mismatch, path, found: "BOOL labels", expected: "integers")
        }
        let labels: [Int]
        do throws(TensorError) {
            labels = try classes.integers()
        } catch {
            throw InterchangeError(
                .mismatch, path, found: "\(classes.elementType) labels", expected: "integers")
        }
        if let row = labels.firstIndex(where: { !(0...largestLabel).contains($0) }) {
            throw InterchangeError(
                .mismatch, path, found: "label \(labels[row]) of image \(row)",
                expected: "0 to \(largestLabel)")
        }
        return labels
    }

    private static func reshaped(
        _ tensor: Tensor, _ shape: Shape, path: String
    ) throws(InterchangeError) -> Tensor {
        do throws(TensorError) {
            return try tensor.reshaped(to: shape)
        } catch {
            throw InterchangeError(.mismatch, path, error)
        }
    }
}
