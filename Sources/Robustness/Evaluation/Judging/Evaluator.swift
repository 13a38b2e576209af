// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// Runs a model over a stored set. Nothing but the set and the model is needed.
public final class Evaluator {
    let model: EvaluatedModel
    let audit: SetAudit
    let set: AdversarialSet
    let capacity: Int
    let classCount: Int
    let images: FloatBuffer
    let examples: FloatBuffer
    let logits: FloatBuffer

    /// Clean rows that masking signs are measured on, unless told otherwise.
    public static let maskingRowLimit = 1000

    /// - Throws: ``RobustnessError`` when the set does not fit the model.
    init(_ model: EvaluatedModel, audit: SetAudit) throws(RobustnessError) {
        if let defect = audit.set.misfit(
            imageShape: model.classifier.imageShape, classCount: model.classifier.classCount)
        {
            throw RobustnessError(.model, defect.finding)
        }
        self.model = model
        self.audit = audit
        set = audit.set
        capacity = max(1, min(model.classifier.batchSize, set.count))
        classCount = model.classifier.classCount
        images = FloatBuffer(count: capacity * set.pixelCount)
        examples = FloatBuffer(count: capacity * set.pixelCount)
        logits = FloatBuffer(count: capacity * classCount)
    }

    /// Evaluates one model on one set.
    ///
    /// - Parameters:
    ///   - digest: the model's; equal to the set's source digest it means white-box.
    ///   - maskingRows: clean rows to look for masked gradients on; 0 leaves that out.
    /// - Throws: ``RobustnessError`` when the set does not fit the model or the model fails.
    public static func evaluate(
        _ classifier: any DifferentiableClassifier, checkpoint: String, digest: Digest,
        on set: AdversarialSet, maskingRows: Int = maskingRowLimit
    ) throws(RobustnessError) -> Evaluation {
        let masking =
            maskingRows > 0
            ? try MaskingSigns.measure(
                classifier, images: LabelledImages(cleanRowsOf: set, classifier),
                limit: maskingRows) : .notMeasured
        return try evaluate(
            EvaluatedModel(name: checkpoint, digest: digest, classifier: classifier),
            on: SetAudit(set), masking: masking)
    }

    /// Evaluates one model on one audited set.
    ///
    /// - Parameter masking: what is known of the model's gradients; it is the same for all sets.
    /// - Throws: ``RobustnessError`` when the set does not fit the model or the model fails.
    public static func evaluate(
        _ model: EvaluatedModel, on audit: SetAudit, masking: MaskingSigns
    ) throws(RobustnessError) -> Evaluation {
        let evaluator = try Evaluator(model, audit: audit)
        let (clean, adversarial) = try evaluator.tables()
        let table = OutcomeTable(audit, clean: clean, adversarial: adversarial)
        let check = ThreatCheck(audit, hasFiniteLogits: table.hasFiniteLogits)
        // On a model it was not made for, what storage does to a set is of no interest.
        let isForOther = audit.set.sourceModel.map { $0 != model.digest } ?? false
        return Evaluation(
            checkpoint: model.name, digest: model.digest, audit: audit, table: table,
            check: check, classCount: evaluator.classCount, masking: masking,
            margins: try evaluator.margins(table.outcomes),
            quantisation: isForOther ? [] : try evaluator.quantised(table.outcomes, check))
    }

    /// Evaluates a model that ran elsewhere, by the logits it gave.
    ///
    /// - Parameters:
    ///   - clean: on the clean rows; nil where nobody asked, and then every rate that needs to know
    ///     which rows were right when clean is over no rows.
    ///   - digest: the model's, where it is known; nil is always a transfer.
    /// - Throws: ``RobustnessError`` unless there is a row of logits for each row of the set.
    public static func evaluate(
        logits adversarial: LogitTable, clean: LogitTable?, of name: String, digest: Digest? = nil,
        on audit: SetAudit
    ) throws(RobustnessError) -> Evaluation {
        for (what, table) in [("examples", adversarial), ("clean rows", clean ?? adversarial)] {
            guard table.count == audit.set.count, table.classCount == adversarial.classCount else {
                throw RobustnessError(
                    .data,
                    "the logits of the \(what) are (\(table.count), \(table.classCount)), the set '\(audit.set.name)' has \(audit.set.count) rows"
                )
            }
        }
        if let defect = audit.set.misfit(imageShape: nil, classCount: adversarial.classCount) {
            throw RobustnessError(.model, defect.finding)
        }
        let table = OutcomeTable(audit, clean: clean, adversarial: adversarial)
        let check = ThreatCheck(audit, hasFiniteLogits: table.hasFiniteLogits)
        let fragile = table.outcomes.count { $0.gap < MarginSummary.fragileGap }
        return Evaluation(
            checkpoint: name, digest: digest, audit: audit, table: table, check: check,
            classCount: adversarial.classCount, masking: .notMeasured,
            margins: MarginSummary(
                fragileRows: fragile, unstableRows: 0, unstableInDouble: nil,
                accuracyInDouble: nil, gaps: Quantiles(of: table.outcomes.map(\.gap))),
            quantisation: [],
            foreign: ForeignDefects(adversarial: adversarial, clean: clean).defects)
    }

    func logitRow(_ position: Int) -> LogitRow {
        LogitRow(values: logits.pointer(at: position * classCount), classCount: classCount)
    }

    func forward(
        _ buffer: FloatBuffer, count: Int, on runner: (any DifferentiableClassifier)? = nil
    ) throws(RobustnessError) {
        do throws(TrainingError) {
            try (runner ?? model.classifier).logits(
                of: buffer.prefix(count * set.pixelCount), count: count,
                into: logits.mutablePrefix(count * classCount))
        } catch {
            throw RobustnessError(.model, error.description)
        }
    }

    /// The logits of all clean rows and of all examples.
    private func tables() throws(RobustnessError) -> (clean: LogitTable, adversarial: LogitTable) {
        var (clean, adversarial): ([Float], [Float]) = ([], [])
        for first in stride(from: 0, to: set.count, by: capacity) {
            let rows = first..<min(first + capacity, set.count)
            set.clean.copyPixels(rows, to: images.pointer(at: 0))
            set.adversarial.copyPixels(rows, to: examples.pointer(at: 0))
            try forward(images, count: rows.count)
            clean += logits.prefix(rows.count * classCount)
            try forward(examples, count: rows.count)
            adversarial += logits.prefix(rows.count * classCount)
        }
        return (
            LogitTable(clean, classCount: classCount),
            LogitTable(adversarial, classCount: classCount)
        )
    }
}
