// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A teacher's cached answers: its logits for every row of a training set, and a digest of each
/// row it was shown. Nothing else of the teacher is needed to distil, at any temperature, with any
/// targets.
public struct TeacherLogits: Sendable {
    /// (N, classes), F32 or F16. Any constant may have been added to a row.
    public let logits: Tensor
    /// (N, 16) U8: ``LabelledImages/rowDigests()`` of the rows as stored, before any augmentation.
    public let rowDigests: Tensor
    /// What the teacher saw instead of the plain rows; nil when it saw those.
    public let augmentation: AppliedAugmentation?

    /// - Throws: ``TrainingError`` when the parts do not fit together.
    public init(
        logits: Tensor, rowDigests: Tensor, augmentation: AppliedAugmentation? = nil
    ) throws(TrainingError) {
        guard logits.shape.rank == 2, logits.elementType == .f32 || logits.elementType == .f16,
            logits.shape[1] > 0
        else {
            throw TrainingError("soft labels are \(logits), expected F32 or F16 (N, classes)")
        }
        let digestShape: Shape = [logits.shape[0], LabelledImages.rowDigestByteCount]
        guard rowDigests.elementType == .u8, rowDigests.shape == digestShape else {
            throw TrainingError(
                "the row digests of the soft labels are \(rowDigests), expected U8 \(digestShape)")
        }
        self.logits = logits
        self.rowDigests = rowDigests
        self.augmentation = augmentation
    }

    public var count: Int { logits.shape[0] }
    public var classCount: Int { logits.shape[1] }

    /// Makes sure that row i of the cache belongs to row i of `images`.
    ///
    /// - Throws: ``TrainingError`` saying how many rows differ and which is the first.
    public func check(against images: LabelledImages) throws(TrainingError) {
        guard images.count == count else {
            throw TrainingError(
                "the soft labels are for \(count) rows, the data set has \(images.count)")
        }
        guard images.classCount == classCount else {
            throw TrainingError(
                "the soft labels have \(classCount) classes, the data set has \(images.classCount)")
        }
        let size = LabelledImages.rowDigestByteCount
        let different = images.rowDigests().withUnsafeBytes { found in
            rowDigests.withUnsafeBytes { expected in
                (0..<count).filter { row in
                    let range = (row * size)..<((row + 1) * size)
                    return !found[range].elementsEqual(expected[range])
                }
            }
        }
        if let first = different.first {
            throw TrainingError(
                "\(different.count) of \(count) rows are not the ones the soft labels were made for"
                    + " (the first is row \(first)): the data set differs or is in another order")
        }
    }

    /// The logits as `Float`, each row less its mean.
    ///
    /// - Throws: ``TrainingError`` naming the first row that is not finite.
    func centred() throws(TrainingError) -> [Float] {
        var values: [Float]
        do throws(TensorError) {
            values = try logits.floats()
        } catch {
            throw TrainingError(error.description)
        }
        for row in 0..<count {
            let range = (row * classCount)..<((row + 1) * classCount)
            var sum = 0.0
            for index in range { sum += Double(values[index]) }
            guard sum.isFinite else {
                throw TrainingError("the soft labels of row \(row) are not finite numbers")
            }
            let mean = sum / Double(classCount)
            for index in range { values[index] = Float(Double(values[index]) - mean) }
        }
        return values
    }
}
