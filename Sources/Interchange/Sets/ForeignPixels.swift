// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Other people's arrays of images as Retort keeps adversarial ones: F32 in [0, 1], (N, C, H, W).
///
/// Nothing is guessed where two readings are possible: a wrong scale or axis order gives a set
/// that looks weak, and nobody would notice.
struct ForeignPixels {
    let path: String
    /// (C, H, W) of the data; nil where there is no data to go by.
    let imageShape: Shape?
    private(set) var remarks: [String] = []

    init(path: String, imageShape: Shape?) {
        self.path = path
        self.imageShape = imageShape
    }

    mutating func images(
        _ tensor: Tensor, _ name: String
    ) throws(InterchangeError) -> Tensor {
        try scaled(try channelsFirst(tensor, name), name)
    }

    // MARK: Axes

    private func channelsFirst(
        _ tensor: Tensor, _ name: String
    ) throws(InterchangeError) -> Tensor {
        let dimensions = tensor.shape.dimensions
        guard let first = dimensions.first, tensor.shape.elementCount > 0 else {
            throw refusal(name, "shape \(tensor.shape)", "at least one image")
        }
        let image: Shape
        if let imageShape { image = imageShape } else { image = try guessedShape(tensor, name) }
        let (channels, height, width) = (image[0], image[1], image[2])
        let target = Shape(trusted: [first, channels, height, width])
        let rest = Array(dimensions.dropFirst())
        let isFirst = rest == [channels, height, width]
        let isLast = rest == [height, width, channels]
        if isFirst, isLast, channels > 1 {
            throw refusal(
                name, "shape \(tensor.shape), which reads as (N, C, H, W) and as (N, H, W, C)",
                "another size")
        }
        if isFirst { return tensor }
        if isLast {
            return tensor.gathered(
                shape: target,
                strides: [height * width * channels, 1, width * channels, channels])
        }
        let isPlane = rest == [height, width] || rest == [height * width]
        guard channels == 1, isPlane else {
            let flat = rest == [channels * height * width]
            throw refusal(
                name, "shape \(tensor.shape)",
                flat
                    ? "images with axes; flattened colour images do not tell HWC from CHW"
                    : "(N, \(channels), \(height), \(width)) or (N, \(height), \(width), "
                        + "\(channels)), as in the data")
        }
        do throws(TensorError) {
            return try tensor.reshaped(to: target)
        } catch {
            throw InterchangeError(.mismatch, path, error)
        }
    }

    /// The shape of an image where only the array itself can tell.
    private func guessedShape(
        _ tensor: Tensor, _ name: String
    ) throws(InterchangeError) -> Shape {
        let shape = tensor.shape
        let isChannels: (Int) -> Bool = { $0 == 1 || $0 == 3 }
        if shape.rank == 4, isChannels(shape[1]) != isChannels(shape[3]) {
            return isChannels(shape[1])
                ? [shape[1], shape[2], shape[3]] : [shape[3], shape[1], shape[2]]
        }
        if shape.rank == 3 { return [1, shape[1], shape[2]] }
        throw refusal(
            name, "shape \(shape)",
            "(N, C, H, W) or (N, H, W, C) with 1 or 3 channels; name the data with --data")
    }

    // MARK: Scale

    private mutating func scaled(
        _ tensor: Tensor, _ name: String
    ) throws(InterchangeError) -> Tensor {
        guard tensor.elementType.isNumeric, tensor.elementType != .bool else {
            throw refusal(
                name, "\(tensor.elementType) pixels", "integers of 0 to 255 or floats in [0, 1]")
        }
        let floats: Tensor
        do throws(TensorError) {
            floats = try tensor.converted(to: .f32)
        } catch {
            throw InterchangeError(.mismatch, path, error)
        }
        let range = try self.range(of: floats, name)
        if !tensor.elementType.isFloatingPoint {
            guard range.lowest >= 0, range.highest <= 255 else {
                throw refusal(
                    name, "\(tensor.elementType) pixels from \(range.lowest) to \(range.highest)",
                    "0 to 255")
            }
            remarks.append("'\(name)' holds \(tensor.elementType) pixels, divided by 255")
            return floats.dividedBy255()
        }
        if tensor.elementType == .f64 {
            remarks.append("'\(name)' holds F64 pixels, rounded to F32")
        }
        // One ulp of a Float at 1, for the sums of other tools.
        let slack = Float.ulpOfOne
        if range.lowest >= -slack, range.highest <= 1 + slack { return floats }
        if range.lowest >= 0, range.highest > 16, range.highest <= 255 {
            remarks.append("'\(name)' holds floats of 0 to 255, divided by 255")
            return floats.dividedBy255()
        }
        throw outside(range, name)
    }

    private func outside(_ range: PixelRange, _ name: String) -> InterchangeError {
        let found = "pixel values from \(range.lowest) to \(range.highest)"
        if range.lowest > -0.1, range.highest < 1.1 {
            return refusal(
                name, found,
                "[0, 1]; clip the examples where they are made, clipping them here "
                    + "would make another set")
        }
        if range.lowest < 0 {
            return refusal(
                name, found,
                "[0, 1]; they look normalised: undo mean and deviation before saving, "
                    + "because normalisation is part of the model")
        }
        return refusal(name, found, "[0, 1] or 0 to 255")
    }

    private struct PixelRange {
        var lowest = Float.infinity
        var highest = -Float.infinity
    }

    private func range(of floats: Tensor, _ name: String) throws(InterchangeError) -> PixelRange {
        let count = floats.shape.elementCount
        var range = PixelRange()
        let bad = floats.withUnsafeBytes { bytes -> (Int, Float)? in
            for index in 0..<count {
                let value = bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
                guard value.isFinite else { return (index, value) }
                range.lowest = min(range.lowest, value)
                range.highest = max(range.highest, value)
            }
            return nil
        }
        if let (index, value) = bad {
            let row = index / (count / floats.shape[0])
            throw refusal(name, "the pixel value \(value) in row \(row)", "finite numbers")
        }
        return range
    }

    private func refusal(_ name: String, _ found: String, _ expected: String) -> InterchangeError {
        InterchangeError(
            .mismatch, path, found: "array '\(name)' with \(found)", expected: expected)
    }
}

extension Tensor {
    /// F32 elements over 255: exactly the pixels that U8 images have in models.
    fileprivate func dividedBy255() -> Tensor {
        let count = shape.elementCount
        let values = withUnsafeBytes { bytes in
            [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
                for index in 0..<count {
                    let value = bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
                    buffer.initializeElement(at: index, to: value / 255)
                }
                initialized = count
            }
        }
        return Tensor(values, shape: shape)
    }
}
