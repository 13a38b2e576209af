// SPDX-License-Identifier: Apache-2.0

public import Tensors

extension DifferentiableClassifier {
    /// Loss and accuracy over a data set, in inference mode.
    ///
    /// - Parameters:
    ///   - rows: which rows; all of them by default.
    ///   - teacher: soft targets of the whole set, for a loss that needs them.
    /// - Throws: ``TrainingError`` when the images do not fit the model.
    public func evaluate(
        on images: LabelledImages, rows: [Int]? = nil,
        loss: Loss = .crossEntropy(temperature: 1), teacher: TeacherTargets? = nil
    ) throws(TrainingError) -> LossValue {
        guard images.imageShape == imageShape else {
            throw TrainingError(
                "images have shape \(images.imageShape), the model takes \(imageShape)")
        }
        guard images.classCount == classCount else {
            throw TrainingError(
                "the data set has \(images.classCount) classes, the model tells \(classCount) apart"
            )
        }
        let plan = BatchPlan(
            images: images, teacher: teacher, rows: rows ?? Array(0..<images.count),
            batchSize: batchSize, seed: 0, epoch: 0, shuffled: false)
        let pipeline = BatchPipeline(plan)
        let logits = FloatBuffer(count: batchSize * classCount)
        var total = LossValue()
        while let batch = pipeline.next() {
            try self.logits(of: batch.images, count: batch.count, into: logits.all)
            total += try batch.withTargets { targets throws(TrainingError) in
                try loss.evaluate(
                    logits: UnsafeBufferPointer(logits.all), count: batch.count,
                    classes: classCount, targets: targets, gradient: nil)
            }
        }
        return total
    }
}
