// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Reporting
import Robustness
import Tensors

/// A store as one self-contained HTML page: what `retort report` writes. Everything on it is read
/// from the store or computed from what is in it; sections for which nothing is stored are left
/// out.
struct ReportPage {
    let store: Store
    let outcome: OfflineEvaluation.Outcome
    /// The models on the page, in the order of the store's names.
    let models: [Checkpoint]
    let sweeps: [SweepResults]

    /// - Parameters:
    ///   - evaluations: of the models that ``ReportScope`` names; nil where the store has no sets.
    ///   - sweeps: the sweeps over temperatures that the store holds.
    init(
        store path: String, evaluations: OfflineEvaluation.Outcome?, sweeps: [SweepResults] = []
    ) throws {
        let store = try Store.open(path: path)
        self.store = store
        self.sweeps = sweeps
        outcome = evaluations ?? OfflineEvaluation.Outcome(evaluations: [], worstCases: [])
        models = try ReportScope(store).models.map { try store.checkpoint(named: $0) }
    }

    func html() throws -> String {
        var sections: [HTMLPage.Section] = []
        func add(_ title: String, _ blocks: [HTMLPage.Block]) {
            if !blocks.isEmpty { sections.append(HTMLPage.Section(title, blocks)) }
        }
        add("Models", modelBlocks)
        for sweep in sweeps {
            let name = sweeps.count > 1 ? " (\(sweep.prefix))" : ""
            add("Temperature sweep" + name, try sweepBlocks(sweep))
        }
        if !outcome.evaluations.isEmpty {
            add("Accuracy under attack", accuracyBlocks)
            add("Does the defence hide its gradient?", maskingBlocks)
            add("What each attack takes", waterfallBlocks)
            add("How far to the nearest error", distanceBlocks)
            add("From every class to every other", try targetBlocks())
            add("From one model to another", transferBlocks)
            add("Corruptions", corruptionBlocks)
            add("What the attacks look like", try stripBlocks())
            add("What the models take them for", try confusionBlocks + confidenceBlocks())
            add("Checklist", checklistBlocks)
        }
        add("What the teacher knows", try darkKnowledgeBlocks())
        add("Training", trainingBlocks)
        add("What rests on what", lineageBlocks)
        return HTMLPage(
            "Retort report", subtitle: RichText(headline), sections: sections,
            footer: "Made offline from " + RichText.code(store.path)
                + ", written by \(store.writer). Rates carry 95 % intervals; every figure has its numbers below it and can be saved."
        ).html
    }

    /// Writes the page beside its place, then moves it there, so a half page is never seen.
    func write(to path: String) throws {
        try TextFile.replace(path, with: html())
    }

    private var headline: String {
        let sets = store.adversarialSets.count
        let count = OfflineEvaluation.modelNames(store).count
        let text = "\(count) models, \(sets) adversarial sets"
        guard let budget else { return text }
        return text + ", judged within \(budget.description)"
    }

    // MARK: What the sections share

    /// Evaluations of models on the sets made against them.
    var whiteBox: [Evaluation] { outcome.evaluations.filter { $0.access == .whiteBox } }

    /// The threat model with a budget that most untargeted white-box sets share; of equals linf,
    /// then the largest.
    var budget: ThreatModel? {
        let shared = whiteBox.filter { !$0.isTargeted && $0.threatModel.epsilon != nil }
        let counts = Dictionary(grouping: shared, by: \.threatModel).mapValues(\.count)
        func rank(_ entry: (key: ThreatModel, value: Int)) -> (Int, Int, Double) {
            (entry.value, entry.key.norm == .linf ? 1 : 0, entry.key.budget)
        }
        return counts.max { rank($0) < rank($1) }?.key
    }

    /// White-box evaluations within the shared budget.
    func withinBudget(_ model: Checkpoint) -> [Evaluation] {
        whiteBox.filter { $0.checkpoint == model.name && $0.threatModel == budget }
    }

    /// Names of `count` classes: those stored with a model, else their numbers.
    func classNames(_ count: Int) -> [String] {
        for model in models {
            let names = model.metadata["class_names"]?.arrayValue?.compactMap(\.stringValue) ?? []
            if names.count == count { return names }
        }
        return (0..<count).map(String.init)
    }
}
