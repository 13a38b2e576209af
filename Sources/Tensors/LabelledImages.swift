// SPDX-License-Identifier: Apache-2.0

/// Images with their class labels: what is trained on, attacked and evaluated.
///
/// Pixels are kept as stored, U8 in 0...255 or F32 in [0, 1], and handed to models as `Float` in
/// [0, 1]; normalisation belongs to the model.
public struct LabelledImages: Sendable {
    /// (N, C, H, W), U8 or F32.
    public let images: Tensor
    /// N class indices.
    public let labels: [Int]
    public let classCount: Int
    /// Human names of the classes; empty or `classCount` long.
    public let classNames: [String]

    /// - Throws: ``TensorError`` when the parts do not fit together.
    public init(
        images: Tensor, labels: [Int], classCount: Int, classNames: [String] = []
    ) throws(TensorError) {
        guard images.shape.rank == 4 else {
            throw TensorError("images have shape \(images.shape), expected (N, C, H, W)")
        }
        guard images.elementType == .u8 || images.elementType == .f32 else {
            throw TensorError("images are \(images.elementType), expected U8 or F32")
        }
        guard labels.count == images.shape[0] else {
            throw TensorError("\(images.shape[0]) images have \(labels.count) labels")
        }
        if let wrong = labels.first(where: { $0 < 0 || $0 >= classCount }) {
            throw TensorError("label \(wrong) is not one of \(classCount) classes")
        }
        self.images = images
        self.labels = labels
        self.classCount = classCount
        self.classNames = classNames
    }

    public var count: Int { labels.count }
    /// (C, H, W).
    public var imageShape: Shape { Shape(trusted: Array(images.shape.dimensions.dropFirst())) }
    /// Pixels of one image over all channels.
    public var pixelCount: Int { imageShape.elementCount }

    /// The name of a class, or its number.
    public func className(_ label: Int) -> String {
        classNames.indices.contains(label) ? classNames[label] : String(label)
    }

    /// Writes row `row` as `Float` in [0, 1] to `output`, which holds `pixelCount` values.
    public func copyPixels(ofRow row: Int, to output: UnsafeMutablePointer<Float>) {
        let count = pixelCount
        images.withUnsafeBytes { bytes in
            if images.elementType == .f32 {
                let source = UnsafeRawBufferPointer(
                    rebasing: bytes[(row * count * 4)..<((row + 1) * count * 4)])
                UnsafeMutableRawBufferPointer(start: output, count: count * 4).copyMemory(
                    from: source)
            } else {
                let source = bytes.baseAddress!.advanced(by: row * count).assumingMemoryBound(
                    to: UInt8.self)
                for index in 0..<count { output[index] = Float(source[index]) / 255 }
            }
        }
    }

    /// Rows `range` as `Float` in [0, 1], (range.count, C, H, W).
    public func pixels(_ range: Range<Int>) -> [Float] {
        let count = pixelCount
        return [Float](unsafeUninitializedCapacity: range.count * count) { buffer, initialized in
            initialized = range.count * count
            guard let base = buffer.baseAddress else { return }
            for (position, row) in range.enumerated() {
                copyPixels(ofRow: row, to: base + position * count)
            }
        }
    }

    /// Rows `range` as a view of the same bytes.
    ///
    /// - Throws: ``TensorError`` for rows that are not there.
    public func rows(_ range: Range<Int>) throws(TensorError) -> LabelledImages {
        let view = try images.rows(range)
        return try LabelledImages(
            images: view, labels: Array(labels[range]), classCount: classCount,
            classNames: classNames)
    }

    /// The digest of the set: of the image tensor's digest followed by the labels' (as U8 or U16).
    public func digest() -> Digest {
        let labelTensor = Tensor(
            trusted: .u16, shape: [count], values: labels.map { UInt16(truncatingIfNeeded: $0) })
        return Digest(hashing: images.digest().bytes + labelTensor.digest().bytes)
    }

    /// Bytes kept of each row's digest.
    public static let rowDigestByteCount = 16

    /// For each row the first 16 bytes of the SHA-256 of its pixels as stored: (N, 16) U8.
    /// A cache of logits carries them, so that a shuffled or different data set is noticed.
    public func rowDigests() -> Tensor {
        let rowBytes = count == 0 ? 0 : images.byteCount / count
        let kept = Self.rowDigestByteCount
        var digests: [UInt8] = []
        digests.reserveCapacity(count * kept)
        images.withUnsafeBytes { bytes in
            for row in 0..<count {
                let range = (row * rowBytes)..<((row + 1) * rowBytes)
                digests += Digest(hashing: UnsafeRawBufferPointer(rebasing: bytes[range])).bytes
                    .prefix(kept)
            }
        }
        return Tensor(trusted: .u8, shape: [count, kept], values: digests)
    }
}
