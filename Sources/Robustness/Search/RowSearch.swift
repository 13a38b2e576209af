// SPDX-License-Identifier: Apache-2.0

/// One row's search for an adversarial example: a state machine that asks the model about points and
/// is told.
///
/// An attack is written as if there were one image and nothing else; ``SearchEngine`` runs many such
/// searches side by side and asks the model about all their points at once. A search sees its own
/// row only, so what it finds cannot depend on what is attacked beside it.
protocol RowSearch: SendableMetatype {
    /// Writes the point to look at next, (C, H, W) in the box, and says what is wanted there; nil
    /// when the search has ended.
    mutating func ask(at point: UnsafeMutablePointer<Float>) -> RowQuestion?

    /// Fills dL/dlogits of gradient `index` of the question, for the logits at the point.
    func writeSeed(
        _ index: Int, logits: LogitRow, into seed: UnsafeMutablePointer<Float>)

    /// Takes the answer to the latest question.
    mutating func hear(_ answer: RowAnswer)

    /// What was found; asked for once, after the end.
    var finding: RowFinding { get }
}

extension RowSearch {
    /// For searches that never ask for gradients.
    func writeSeed(_ index: Int, logits: LogitRow, into seed: UnsafeMutablePointer<Float>) {
        preconditionFailure("a search that asks for gradients says of what")
    }
}

/// What a search wants to know of a point.
enum RowQuestion: Hashable {
    case logits
    /// The logits and so many gradients with respect to the point, from one forward pass.
    case gradients(Int)
}

/// What the model says of a point; valid while it is heard.
struct RowAnswer {
    /// The point itself, (C, H, W).
    let point: UnsafePointer<Float>
    let logits: LogitRow
    private let gradients: UnsafePointer<Float>?
    private let stride: Int

    /// - Parameters:
    ///   - gradients: where this row's first gradient lies, the next one `stride` values on.
    init(
        point: UnsafePointer<Float>, logits: LogitRow, gradients: UnsafePointer<Float>? = nil,
        stride: Int = 0
    ) {
        self.point = point
        self.logits = logits
        self.gradients = gradients
        self.stride = stride
    }

    /// dL/dpoint for the seed of this number, (C, H, W).
    func gradient(_ index: Int = 0) -> UnsafePointer<Float> {
        guard let gradients else { preconditionFailure("no gradient was asked for") }
        return gradients + index * stride
    }
}

/// What a search starts from.
struct AttackRow {
    /// (C, H, W) in the box; outlives the search.
    let clean: UnsafePointer<Float>
    /// Values of the image.
    let count: Int
    let label: Int
    /// nil for an untargeted attack.
    let target: Int?
    /// The row's number in its data set: what its randomness is keyed by.
    let rowID: Int
    let classCount: Int
    /// The logits of the clean image; empty where the engine was told not to look first.
    let cleanLogits: [Float]
    /// Which of the plan's variants of the row this is.
    var variant = 0

    var goal: AttackGoal {
        AttackGoal(reference: target ?? label, isTargeted: target != nil, label: label)
    }

    var cleanPixels: UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: clean, count: count)
    }
}

/// What a search found.
struct RowFinding {
    /// (C, H, W); nil keeps the clean image.
    var example: [Float]?
    var status: AdversarialResult.Status
    /// z_label minus the largest other logit at the example; nil for that of the clean image.
    var margin: Float?
    /// Whether the gradient was exactly zero at some step.
    var sawZeroGradient = false
    /// For attacks made of several: which of them broke the row, counting from 0.
    var stage: Int?

    /// The search found nothing worth keeping.
    static func nothing(_ status: AdversarialResult.Status) -> RowFinding {
        RowFinding(example: nil, status: status, margin: nil)
    }
}
