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
    let rowIDs: [Int]
    let ball: PixelBall
    let pixelCount: Int
    let classCount: Int
    /// Rows one call to the model takes.
    let capacity: Int

    var records: [RowRecord]
    /// (N, C, H, W): clean images, and the best example of each row so far.
    let clean: UnsafePointer<Float>
    let adversarial: UnsafeMutablePointer<Float>

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

    /// - Parameters:
    ///   - clean: (N, C, H, W), inside the box; `adversarial`, as large, is written by ``run``. Both
    ///     outlive this object.
    init(
        plan: AscentPlan, classifier: any DifferentiableClassifier, labels: [Int], rowIDs: [Int],
        clean: UnsafePointer<Float>, adversarial: UnsafeMutablePointer<Float>
    ) {
        self.plan = plan
        self.classifier = classifier
        self.rowIDs = rowIDs
        self.clean = clean
        self.adversarial = adversarial
        pixelCount = classifier.imageShape.elementCount
        classCount = classifier.classCount
        capacity = max(1, min(classifier.batchSize, labels.count))
        ball = PixelBall(threatModel: plan.threatModel, step: plan.step, count: pixelCount)
        records = labels.map { RowRecord(label: $0) }
        current = FloatBuffer(count: capacity * pixelCount)
        endpoints = FloatBuffer(count: 2 * capacity * pixelCount)
        gradient = FloatBuffer(count: capacity * pixelCount)
        logits = FloatBuffer(count: capacity * classCount)
        let boundCount = plan.threatModel.norm == .linf ? capacity * pixelCount : 0
        lower = FloatBuffer(count: boundCount)
        upper = FloatBuffer(count: boundCount)
    }
}
