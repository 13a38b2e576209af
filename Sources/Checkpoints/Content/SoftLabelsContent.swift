// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A teacher's logits on every row of some data, to be stored.
public struct SoftLabelsContent: Sendable {
    /// (N, C), any floating-point type; centred and converted when stored.
    public var logits: Tensor
    /// F16 (half the size, exact to 8e-8 in Kullback-Leibler terms) or F32.
    public var precision: ElementType
    /// N rows of the data.
    public var rowIndex: [Int]
    /// (N, 16) U8: the first bytes of the SHA-256 of each row's pixels.
    public var rowDigests: Tensor
    public var teacherDigest: Digest
    public var dataDigest: Digest
    /// The seed of the augmentation the inputs went through; nil when there was none.
    public var augmentationSeed: UInt64?
    public var metadata: JSON

    public init(
        logits: Tensor, precision: ElementType = .f16, rowIndex: [Int], rowDigests: Tensor,
        teacherDigest: Digest, dataDigest: Digest, augmentationSeed: UInt64? = nil,
        metadata: JSON = [:]
    ) {
        self.logits = logits
        self.precision = precision
        self.rowIndex = rowIndex
        self.rowDigests = rowDigests
        self.teacherDigest = teacherDigest
        self.dataDigest = dataDigest
        self.augmentationSeed = augmentationSeed
        self.metadata = metadata
    }

    func draft() throws(ContentProblem) -> ObjectDraft {
        let count = rowIndex.count
        guard logits.shape.rank == 2, logits.shape[1] > 0 else {
            throw ContentProblem("logits have shape \(logits.shape), expected (rows, classes)")
        }
        guard logits.shape[0] == count else {
            throw ContentProblem("\(logits.shape[0]) rows of logits have \(count) row indices")
        }
        let expected = Shape(trusted: [count, LabelledImages.rowDigestByteCount])
        guard rowDigests.elementType == .u8, rowDigests.shape == expected else {
            throw ContentProblem("row digests are \(rowDigests), expected U8 \(expected)")
        }
        guard precision == .f16 || precision == .f32 else {
            throw ContentProblem("logits were to be stored as \(precision), expected F16 or F32")
        }
        var draft = ObjectDraft(kind: .softLabels, metadata: metadata)
        draft.references = [Reference(.teacher, teacherDigest), Reference(.data, dataDigest)]
        draft.augmentationSeed = augmentationSeed
        draft.arrays = [
            ArrayDraft(
                "logits", try centredLogits(logits, as: precision), axes: "NC", isTable: true),
            ArrayDraft("row_index", rowIndexTensor(rowIndex), axes: "N"),
            ArrayDraft("row_digest", rowDigests, axes: "NC"),
        ]
        return draft
    }
}

func rowIndexTensor(_ rows: [Int]) -> Tensor {
    Tensor(trusted: .i64, shape: [rows.count], values: rows.map { Int64($0) })
}

/// `logits` (N, C) minus each row's largest value, as `precision`.
///
/// Softmax is unchanged and the largest class is exactly 0, where F16 is most exact; values
/// below F16's range become its lowest finite number, where every probability is 0 anyway.
///
/// - Throws: ``ContentProblem`` when a logit is not finite, naming its row.
func centredLogits(
    _ logits: Tensor, as precision: ElementType
) throws(ContentProblem) -> Tensor {
    do throws(TensorError) {
        let classCount = logits.shape[1]
        var values = try logits.floats()
        let lowest: Float = precision == .f16 ? -65504 : -.greatestFiniteMagnitude
        for row in 0..<logits.shape[0] {
            let range = (row * classCount)..<((row + 1) * classCount)
            let largest = values[range].max() ?? 0
            for index in range {
                guard values[index].isFinite else {
                    throw TensorError(
                        "logit \(values[index]) in row \(row) is not a finite number")
                }
                values[index] = max(values[index] - largest, lowest)
            }
        }
        return try Tensor(values, shape: logits.shape).converted(to: precision)
    } catch {
        throw ContentProblem(error.description)
    }
}
