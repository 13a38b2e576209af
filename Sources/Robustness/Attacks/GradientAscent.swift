// SPDX-License-Identifier: Apache-2.0

import Tensors
import Training

/// Which of the points a gradient attack visits becomes the row's example.
public enum AttackKeep: String, CaseIterable, Hashable, Sendable {
    /// The first that succeeds, and the attack of the row ends there; where none does, the one with
    /// the highest loss. Rows the model gets wrong to begin with stay clean.
    case first
    /// The one with the highest loss over all steps and restarts, successes before failures.
    case best
    /// Where the last step ends, as torchattacks and Foolbox do.
    case last
}

/// Everything a gradient attack is told.
struct AscentPlan: Sendable {
    let threatModel: ThreatModel
    let step: ExactFraction
    let steps: Int
    let restarts: Int
    let startsRandomly: Bool
    let loss: AttackLoss
    let target: AttackTarget
    let keep: AttackKeep
    let seed: UInt64
}

/// Steps along the gradient for many rows at once.
///
/// Each row is on its own: it has its own step number, starting point and end. The rows still at
/// work are packed to the front of one batch, and a row that ends makes room for the next one, so
/// that the model always works on full batches. What a row becomes does not depend on the others.
final class GradientAscent {
    let plan: AscentPlan
    let classifier: any DifferentiableClassifier
    let images: LabelledImages
    let rowIDs: [Int]
    let ball: PixelBall
    let pixelCount: Int
    let classCount: Int
    /// Rows one call to the model takes.
    let capacity: Int

    var records: [RowRecord]
    /// (N, C, H, W): clean images, and the best example of each row so far.
    let clean: FloatBuffer
    let adversarial: FloatBuffer

    /// The packed batch; positions 0..<slots.count are at work.
    var slots: [Slot] = []
    let current: FloatBuffer
    let lower: FloatBuffer
    let upper: FloatBuffer
    let gradient: FloatBuffer
    let logits: FloatBuffer

    /// Points after their last step, waiting for a forward pass of their own: fewer than a batch,
    /// and at most another one that ends at once.
    var ended: [Slot] = []
    let endpoints: FloatBuffer

    /// Rows that have yet to start, or to start again, last first.
    var waiting: [Slot] = []
    var finishedRows = 0
    var gradientEvaluations = 0
    var wallSeconds = 0.0

    /// A row at work: its number in the set, its restart and the steps it has taken.
    struct Slot {
        let row: Int
        let restart: Int
        var steps = 0
    }

    /// - Throws: ``RobustnessError`` when images, ids, targets and model do not fit.
    init(
        plan: AscentPlan, classifier: any DifferentiableClassifier, images: LabelledImages,
        rowIDs: [Int]
    ) throws(RobustnessError) {
        try Self.check(plan: plan, classifier: classifier, images: images, rowIDs: rowIDs)
        self.plan = plan
        self.classifier = classifier
        self.images = images
        self.rowIDs = rowIDs
        pixelCount = images.pixelCount
        classCount = classifier.classCount
        capacity = max(1, min(classifier.batchSize, images.count))
        ball = PixelBall(threatModel: plan.threatModel, step: plan.step, count: pixelCount)
        records = images.labels.map { RowRecord(label: $0) }
        clean = FloatBuffer(count: images.count * pixelCount)
        adversarial = FloatBuffer(count: images.count * pixelCount)
        current = FloatBuffer(count: capacity * pixelCount)
        endpoints = FloatBuffer(count: 2 * capacity * pixelCount)
        gradient = FloatBuffer(count: capacity * pixelCount)
        logits = FloatBuffer(count: capacity * classCount)
        let boundCount = plan.threatModel.norm == .linf ? capacity * pixelCount : 0
        lower = FloatBuffer(count: boundCount)
        upper = FloatBuffer(count: boundCount)
        for row in 0..<images.count {
            images.copyPixels(ofRow: row, to: clean.pointer(at: row * pixelCount))
            let pixels = clean.pointer(at: row * pixelCount)
            for index in 0..<pixelCount where !ThreatModel.box.contains(pixels[index]) {
                throw RobustnessError(
                    .data,
                    "row \(rowIDs[row]) has the pixel \(pixels[index]), expected values from 0 to 1 (normalisation belongs to the model)"
                )
            }
        }
    }

    private static func check(
        plan: AscentPlan, classifier: any DifferentiableClassifier, images: LabelledImages,
        rowIDs: [Int]
    ) throws(RobustnessError) {
        guard images.imageShape == classifier.imageShape else {
            throw RobustnessError(
                .model,
                "the model takes images of shape \(classifier.imageShape), the data has \(images.imageShape)"
            )
        }
        guard rowIDs.count == images.count, rowIDs.allSatisfy({ (0..<1 << 40).contains($0) }) else {
            throw RobustnessError(
                .data, "\(images.count) images have \(rowIDs.count) row numbers, or one is negative"
            )
        }
        let classCount = classifier.classCount
        guard classCount > 1 else {
            throw RobustnessError(.model, "the model has \(classCount) class, expected at least 2")
        }
        if let label = images.labels.first(where: { $0 >= classCount }) {
            throw RobustnessError(
                .model, "the data has the label \(label), the model only \(classCount) classes")
        }
        if case .fixed(let target) = plan.target, target >= classCount {
            throw RobustnessError(
                .specification,
                "the target \(target) is not one of the model's \(classCount) classes")
        }
    }
}
