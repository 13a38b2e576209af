// SPDX-License-Identifier: Apache-2.0

public import Tensors

extension TeacherLogits {
    /// Asks a teacher for its logits of every row, in F32, each row less its largest logit.
    ///
    /// The shift leaves every softmax as it is. It also makes the row fit to be kept in F16: the
    /// likely classes lie near 0, where F16 is finest (1e-7 nats at T = 100, against 5e-6 for
    /// logits as they come).
    ///
    /// - Parameters:
    ///   - augmentation: shows the teacher changed rows instead of the plain ones.
    ///   - progress: called after each batch with the rows done; returning false stops the work.
    /// - Returns: nil when `progress` stopped it.
    /// - Throws: ``TrainingError`` when the images do not fit the teacher, or it answers with
    ///   numbers that are not finite.
    public init?(
        labelling images: LabelledImages, with teacher: any DifferentiableClassifier,
        augmentation: AppliedAugmentation? = nil,
        progress: (_ rowsDone: Int) -> Bool = { _ in true }
    ) throws(TrainingError) {
        guard images.imageShape == teacher.imageShape else {
            throw TrainingError(
                "images have shape \(images.imageShape), the teacher takes \(teacher.imageShape)")
        }
        let classes = teacher.classCount
        let output = FloatBuffer(count: images.count * classes)
        let plan = BatchPlan(
            images: images, rows: Array(0..<images.count), batchSize: teacher.batchSize,
            seed: augmentation?.seed ?? 0, epoch: augmentation?.epoch ?? 0, shuffled: false,
            augmentation: augmentation?.augmentation ?? .none)
        let pipeline = BatchPipeline(plan)
        var done = 0
        while let batch = pipeline.next() {
            let range = (done * classes)..<((done + batch.count) * classes)
            let target = UnsafeMutableBufferPointer(rebasing: output.all[range])
            try teacher.logits(of: batch.images, count: batch.count, into: target)
            try Self.shift(target, classes: classes, firstRow: done)
            done += batch.count
            guard progress(done) else { return nil }
        }
        try self.init(
            logits: Tensor(Array(output.all), shape: [images.count, classes]),
            rowDigests: images.rowDigests(), augmentation: augmentation)
    }

    private static func shift(
        _ logits: UnsafeMutableBufferPointer<Float>, classes: Int, firstRow: Int
    ) throws(TrainingError) {
        guard let base = logits.baseAddress else { return }
        for row in 0..<(logits.count / classes) {
            let values = UnsafeMutableBufferPointer(start: base + row * classes, count: classes)
            guard values.allSatisfy(\.isFinite) else {
                throw TrainingError(
                    "the teacher's logits of row \(firstRow + row) are not finite numbers")
            }
            let largest = values.max() ?? 0
            for index in values.indices { values[index] -= largest }
        }
    }
}
