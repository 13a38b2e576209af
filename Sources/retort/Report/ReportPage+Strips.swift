// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import Reporting
import Robustness
import Tensors
import Training

extension ReportPage {
    /// For each model a few broken rows: clean, adversarial and difference, with what the model
    /// and the others say.
    func stripBlocks() throws -> [HTMLPage.Block] {
        let classifiers = try models.map { ($0.name, try $0.classifier(in: store.path)) }
        return try models.compactMap { model in
            guard let evaluation = mostTelling(withinBudget(model)) else { return nil }
            let set = try store.adversarialSet(named: evaluation.set)
            let rows = telling(evaluation, count: 4)
            guard !rows.isEmpty else { return nil }
            let strips = try rows.map { try strip(row: $0, of: set, against: model, classifiers) }
            return .strips(
                strips,
                caption: RichText(
                    "\(AttackLabel(evaluation.attack).text) within \(evaluation.threatModel.description) against \(model.name) (set \(set.name)). The difference is amplified around grey."
                ))
        }
    }

    /// A one-step set shows most to the eye; where it breaks nothing, the set that breaks most.
    private func mostTelling(_ evaluations: [Evaluation]) -> Evaluation? {
        let broken = { (evaluation: Evaluation) in evaluation.rates.successCleanCorrect.count }
        return evaluations.first { AttackLabel($0.attack).method == "FGSM" && broken($0) >= 4 }
            ?? evaluations.filter { broken($0) > 0 }.max { broken($0) < broken($1) }
    }

    /// Broken rows of different classes, those first that another model still gets right.
    private func telling(_ evaluation: Evaluation, count: Int) -> [Int] {
        let others = outcome.evaluations.filter {
            $0.set == evaluation.set && $0.checkpoint != evaluation.checkpoint
        }
        let broken = evaluation.outcomes.indices.filter {
            evaluation.outcomes[$0].isCleanCorrect && !evaluation.outcomes[$0].isAdversarialCorrect
        }
        let held = broken.filter { row in others.contains { $0.outcomes[row].isAdversarialCorrect }
        }
        var chosen: [Int] = []
        for row in held + broken where chosen.count < count {
            let labels = chosen.map { evaluation.outcomes[$0].label }
            if !labels.contains(evaluation.outcomes[row].label) { chosen.append(row) }
        }
        return chosen
    }

    private func strip(
        row: Int, of set: Checkpoints.AdversarialSet, against model: Checkpoint,
        _ classifiers: [(name: String, classifier: Classifier)]
    ) throws -> ImageStrip {
        let shape = Shape(trusted: Array(set.shape.dimensions.dropFirst()))
        let clean = try set.clean(rows: row..<(row + 1)).floats()
        let adversarial = try set.adversarial(rows: row..<(row + 1)).floats()
        let names = set.metadata["class_names"]?.arrayValue?.compactMap(\.stringValue) ?? []
        func ask(_ classifier: Classifier, _ image: [Float]) throws -> ImageStrip.Prediction {
            let (label, confidence) = try classifier.prediction(of: image)
            return ImageStrip.Prediction(
                names.indices.contains(label) ? names[label] : "\(label)", confidence: confidence)
        }
        guard let own = classifiers.first(where: { $0.name == model.name })?.classifier else {
            throw Failure("\(store.path): checkpoint '\(model.name)' is not there")
        }
        let (before, after) = (try ask(own, clean), try ask(own, adversarial))
        let difference = SignedDifference(
            clean: clean, changed: adversarial, shape: shape, amplification: nil)
        let others = try classifiers.filter { $0.name != model.name }.map {
            "\($0.name): \(try ask($0.classifier, adversarial).className)"
        }
        let heading =
            "\(before.className) → \(after.className)"
            + (others.isEmpty ? "" : "; " + others.joined(separator: ", "))
        return ImageStrip(
            heading,
            [
                ImageStrip.Picture(
                    PixelImage(clean, shape: shape), role: "clean", verdict: before.text),
                ImageStrip.Picture(
                    PixelImage(adversarial, shape: shape), role: "adversarial", verdict: after.text),
                ImageStrip.Picture(
                    difference.picture, role: "difference × \(difference.amplification)"),
            ])
    }
}

extension Classifier {
    /// The most likely class of one image (C, H, W) and its probability at T = 1.
    fileprivate func prediction(of image: [Float]) throws -> (label: Int, confidence: Double) {
        var logits = [Float](repeating: 0, count: classCount)
        try image.withUnsafeBufferPointer { image in
            try logits.withUnsafeMutableBufferPointer { logits in
                try self.logits(of: image, count: 1, into: logits)
            }
        }
        let label = logits.indices.max { logits[$0] < logits[$1] } ?? 0
        let total = logits.reduce(0.0) { $0 + exp(Double($1) - Double(logits[label])) }
        return (label, 1 / total)
    }
}
