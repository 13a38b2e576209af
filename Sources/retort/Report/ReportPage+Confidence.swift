// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Reporting
import Robustness
import Tensors
import Training

extension ReportPage {
    /// How sure each model is before and after the set that breaks most of it.
    func confidenceBlocks() throws -> [HTMLPage.Block] {
        let rows = try models.compactMap { model -> BeforeAfterChart.Row? in
            guard let evaluation = mostBreaking(withinBudget(model)) else { return nil }
            let set = try store.adversarialSet(named: evaluation.set)
            let classifier = try model.classifier(in: store.path)
            // Only rows that were fooled: the others have nothing to say about being fooled.
            let broken = evaluation.brokenRows.indices.filter { evaluation.brokenRows[$0] }
            let chosen = Set(broken.prefix(Self.confidenceRows))
            guard let last = chosen.max() else { return nil }
            let range = 0..<(last + 1)
            func spread(_ tensor: Tensor) throws -> Estimate? {
                let all = try classifier.confidences(of: tensor.floats(), count: range.count)
                let quantiles = Quantiles(of: chosen.map { all[$0] }).values
                guard quantiles.count == 5 else { return nil }
                return Estimate(quantiles[2], lower: quantiles[1], upper: quantiles[3])
            }
            return BeforeAfterChart.Row(
                "\(model.name), \(AttackLabel(evaluation.attack).text)",
                before: try spread(set.clean(rows: range)),
                after: try spread(set.adversarial(rows: range)))
        }
        guard !rows.isEmpty else { return [] }
        let chart = BeforeAfterChart(
            "Confidence in the predicted class",
            axis: Axis("largest probability at T = 1", format: .percent, range: 0...1),
            beforeName: "clean, right", afterName: "adversarial, wrong", rows: rows)
        return [
            .figure(
                [chart],
                caption:
                    "Median and quartiles over rows that were broken. A model that is as sure of its error as it was of the truth gives no warning."
            )
        ]
    }

    private static let confidenceRows = 500
}

extension Classifier {
    /// The largest probability at T = 1 for each of `count` images.
    fileprivate func confidences(of images: [Float], count: Int) throws -> [Float] {
        var logits = [Float](repeating: 0, count: count * classCount)
        let perImage = imageShape.elementCount
        try images.withUnsafeBufferPointer { images in
            try logits.withUnsafeMutableBufferPointer { logits in
                for first in stride(from: 0, to: count, by: batchSize) {
                    let size = min(batchSize, count - first)
                    try self.logits(
                        of: UnsafeBufferPointer(
                            rebasing: images[(first * perImage)..<((first + size) * perImage)]),
                        count: size,
                        into: UnsafeMutableBufferPointer(
                            rebasing: logits[(first * classCount)..<((first + size) * classCount)])
                    )
                }
            }
        }
        return (0..<count).map { row in
            let own = logits[(row * classCount)..<((row + 1) * classCount)].map(Double.init)
            return Float(SoftLabelRow(own).probabilities(at: 1).max() ?? .nan)
        }
    }
}
