// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A teacher's logits that another tool saved, or that leave for one.
public struct ForeignLogits: Sendable {
    /// The layouts that soft labels are written in.
    public enum Form: String, CaseIterable, Hashable, Sendable {
        /// Logits, row numbers, row digests and metadata.
        case npz
        /// The logits alone.
        case npy
        /// A dictionary of the arrays that `torch.load` reads.
        case pytorch
    }

    /// (N, C), floating-point.
    public var logits: Tensor
    public var rowIndex: [Int]?
    /// (N, 16) U8.
    public var rowDigests: Tensor?
    public var metadata: [String: JSON]

    public init(
        logits: Tensor, rowIndex: [Int]? = nil, rowDigests: Tensor? = nil,
        metadata: [String: JSON] = [:]
    ) {
        self.logits = logits
        self.rowIndex = rowIndex
        self.rowDigests = rowDigests
        self.metadata = metadata
    }

    /// Reads logits: an array of that name, `logits` or `outputs`, or the only array of a file.
    ///
    /// - Throws: ``InterchangeError`` for probabilities, from which no temperature can be chosen
    ///   any more, for numbers that are not finite, and for anything but (N, C) floats.
    public static func read(
        _ path: String, array: String? = nil
    ) throws(InterchangeError) -> ForeignLogits {
        let arrays = try ForeignArrays(path)
        let entry = try arrays.pick(array, known: ["logits", "outputs"], what: "the logits")
        guard entry.shape.rank == 2, entry.shape.elementCount > 0,
            entry.elementType?.isFloatingPoint == true
        else {
            throw InterchangeError(
                .mismatch, path,
                found: "array '\(entry.name)' of \(entry.typeName) \(entry.shape)",
                expected: "logits as floats of shape (rows, classes)")
        }
        let tensor = try entry.tensor()
        try check(tensor, entry.name, path: path)
        let count = tensor.shape[0]
        var found = ForeignLogits(logits: tensor, metadata: arrays.file.metadata)
        found.rowIndex = try arrays.integers(["row_index"], count: count)
        if let digests = arrays.find(["row_digest"]) {
            guard digests.elementType == .u8,
                digests.shape == Shape(trusted: [count, LabelledImages.rowDigestByteCount])
            else {
                throw InterchangeError(
                    .mismatch, path,
                    found: "array '\(digests.name)' of \(digests.typeName) \(digests.shape)",
                    expected: "U8 (\(count), \(LabelledImages.rowDigestByteCount))")
            }
            found.rowDigests = try digests.tensor()
        }
        return found
    }

    private static func check(
        _ tensor: Tensor, _ name: String, path: String
    ) throws(InterchangeError) {
        let values: [Float]
        do throws(TensorError) {
            values = try tensor.floats()
        } catch {
            throw InterchangeError(.mismatch, path, error)
        }
        let classCount = tensor.shape[1]
        var isProbability = classCount > 1
        for row in 0..<tensor.shape[0] {
            var (sum, lowest) = (0.0, Float.infinity)
            for value in values[(row * classCount)..<((row + 1) * classCount)] {
                guard value.isFinite else {
                    throw InterchangeError(
                        .mismatch, path, found: "the value \(value) in row \(row) of '\(name)'",
                        expected: "finite logits")
                }
                sum += Double(value)
                lowest = min(lowest, value)
            }
            // F16 probabilities sum to 1 within a thousandth or so.
            if lowest < 0 || abs(sum - 1) > 4e-3 { isProbability = false }
        }
        guard !isProbability else {
            throw InterchangeError(
                .mismatch, path,
                found: "probabilities in '\(name)', every row summing to 1",
                expected: "logits: probabilities have lost what a higher temperature would show")
        }
    }
}
