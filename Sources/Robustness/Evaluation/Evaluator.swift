// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// Runs a model over a stored set. Nothing but the set and the model is needed.
public final class Evaluator {
    let classifier: any DifferentiableClassifier
    let set: AdversarialSet
    let capacity: Int
    let classCount: Int
    let images: FloatBuffer
    let examples: FloatBuffer
    let gradient: FloatBuffer
    let logits: FloatBuffer

    /// Clean rows that masking signs are measured on, unless told otherwise.
    public static let maskingRowLimit = 1000

    /// - Throws: ``RobustnessError`` when the set does not fit the model.
    init(_ classifier: any DifferentiableClassifier, set: AdversarialSet) throws(RobustnessError) {
        let shape = Array(set.adversarial.shape.dimensions.dropFirst())
        guard shape == classifier.imageShape.dimensions else {
            throw RobustnessError(
                .model,
                "the model takes images of shape \(classifier.imageShape), the set '\(set.name)' has \(Shape(trusted: shape))"
            )
        }
        if let label = set.labels.first(where: { $0 >= classifier.classCount }) {
            throw RobustnessError(
                .model,
                "the set '\(set.name)' has the label \(label), the model only \(classifier.classCount) classes"
            )
        }
        self.classifier = classifier
        self.set = set
        capacity = max(1, min(classifier.batchSize, set.count))
        classCount = classifier.classCount
        images = FloatBuffer(count: capacity * set.pixelCount)
        examples = FloatBuffer(count: capacity * set.pixelCount)
        gradient = FloatBuffer(count: capacity * set.pixelCount)
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
        let evaluator = try Evaluator(classifier, set: set)
        let (outcomes, check) = try evaluator.judgeRows()
        let unstable = try evaluator.unstableRows(outcomes)
        let masking = try evaluator.maskingSigns(limit: maskingRows)
        var classes = [Evaluation.ClassCounts](
            repeating: Evaluation.ClassCounts(), count: evaluator.classCount)
        var confusion = [[Int]](
            repeating: [Int](repeating: 0, count: evaluator.classCount),
            count: evaluator.classCount)
        for outcome in outcomes {
            classes[outcome.label].rows += 1
            classes[outcome.label].cleanCorrect += outcome.isCleanCorrect ? 1 : 0
            classes[outcome.label].adversarialCorrect += outcome.isAdversarialCorrect ? 1 : 0
            if let prediction = outcome.prediction { confusion[outcome.label][prediction] += 1 }
        }
        return Evaluation(
            checkpoint: checkpoint, set: set.name, attack: set.attackText,
            attackRecord: set.attack,
            access: set.sourceModel == digest ? .whiteBox : .transfer,
            isSourceKnown: set.sourceModel != nil, rowIDs: set.rowIDs, outcomes: outcomes,
            cleanAccuracy: Rate(outcomes.count { $0.isCleanCorrect }, of: outcomes.count),
            rates: Evaluation.Rates(outcomes) { $0.prediction },
            asStored: Evaluation.Rates(outcomes) { $0.storedPrediction },
            threatModel: set.threatModel, threatCheck: check, masking: masking,
            margins: MarginSummary(
                fragileRows: outcomes.count { $0.gap < MarginSummary.fragileGap },
                unstableRows: unstable, gaps: Quantiles(of: outcomes.map(\.gap))),
            classes: classes, confusion: confusion, isTargeted: set.isTargeted)
    }

    func logitRow(_ position: Int) -> LogitRow {
        LogitRow(values: logits.pointer(at: position * classCount), classCount: classCount)
    }

    func forward(_ buffer: FloatBuffer, count: Int) throws(RobustnessError) {
        do throws(TrainingError) {
            try classifier.logits(
                of: buffer.prefix(count * set.pixelCount), count: count,
                into: logits.mutablePrefix(count * classCount))
        } catch {
            throw RobustnessError(.model, error.description)
        }
    }
}
