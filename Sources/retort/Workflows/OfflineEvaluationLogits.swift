// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Robustness
import Tensors

/// Judging a model that runs elsewhere, by the logits it gave on a stored set: what
/// `retort evaluate --logits` does.
struct LogitsEvaluation {
    let store: String
    let set: String
    /// (rows, classes), on the examples.
    let logits: String
    /// The same on the clean rows; nil where nobody asked the model.
    var cleanLogits: String?
    /// A data set that the clean rows are compared with; nil for those in the store.
    var data: String?

    func run() throws -> OfflineEvaluation.Outcome {
        let store = try Store.open(path: store)
        let origin = try CleanRowOrigin(store: store, data: data)
        var judging = PairJudging(
            limits: .brief, probeEpsilon: try ExactFraction(parsing: "0.1"), isModelNamed: true)
        guard let audit = try judging.audit(store.adversarialSet(named: set), origin: origin) else {
            var outcome = OfflineEvaluation.Outcome(evaluations: [], worstCases: [])
            outcome.refusals = judging.refusals
            return outcome
        }
        let evaluation = try Evaluator.evaluate(
            logits: try table(logits), clean: try cleanLogits.map(table), of: logits, on: audit)
        return try PairJudging.outcome([evaluation], signs: [])
    }

    /// The array called `logits` or `outputs`, or the only one of a file.
    private func table(_ path: String) throws -> LogitTable {
        let file = try WeightFile.open(path)
        let entry =
            file.entries.count == 1
            ? file.entries[0]
            : file.entries.first { ["logits", "outputs"].contains($0.name) }
        guard let entry else {
            let names = file.entries.map(\.name).joined(separator: ", ")
            throw Failure("\(path): found the arrays \(names), expected one called 'logits'")
        }
        do {
            return try LogitTable(entry.tensor())
        } catch let error as RobustnessError {
            throw Failure("\(path): \(error.description)")
        }
    }
}
