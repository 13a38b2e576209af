// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Reporting
import Robustness
import Tensors
import Training

/// A store as one self-contained HTML page: what `retort report` writes. Everything on it is read
/// from the store or computed from what is in it.
struct ReportPage {
    let store: Store
    let outcome: OfflineEvaluation.Outcome
    /// The models on the page, in the order of the store's names.
    let models: [Checkpoint]

    /// - Parameter evaluations: of every model on every set; nil where the store has no sets.
    init(store path: String, evaluations: OfflineEvaluation.Outcome?) throws {
        let store = try Store.open(path: path)
        self.store = store
        outcome = evaluations ?? OfflineEvaluation.Outcome(evaluations: [], worstCases: [])
        models = try OfflineEvaluation.modelNames(store).map { try store.checkpoint(named: $0) }
    }

    func html() throws -> String {
        var sections = [HTMLPage.Section("Models", modelBlocks)]
        if !outcome.evaluations.isEmpty {
            sections.append(HTMLPage.Section("Accuracy under attack", accuracyBlocks))
            sections.append(HTMLPage.Section("Does the defence hide its gradient?", maskingBlocks))
            sections.append(HTMLPage.Section("What the attacks look like", try stripBlocks()))
        }
        sections.append(HTMLPage.Section("Training", trainingBlocks))
        sections.append(HTMLPage.Section("What rests on what", lineageBlocks))
        return HTMLPage(
            "Retort report", subtitle: RichText(headline), sections: sections,
            footer: "Made offline from " + RichText.code(store.path)
                + ", written by \(store.writer). Rates carry Wilson 95 % intervals."
        ).html
    }

    /// Writes the page beside its place, then moves it there, so a half page is never seen.
    func write(to path: String) throws {
        try TextFile.replace(path, with: html())
    }

    private var headline: String {
        let sets = store.adversarialSets.count
        let text = "\(models.count) models, \(sets) adversarial sets"
        guard let budget else { return text }
        return text + ", judged within \(budget.description)"
    }

    // MARK: What the sections share

    /// Evaluations of models on the sets made against them.
    var whiteBox: [Evaluation] { outcome.evaluations.filter { $0.access == .whiteBox } }

    /// The threat model that most white-box sets share, the largest of equals.
    var budget: ThreatModel? { EvaluationTable.sharedBudget(whiteBox) }

    /// White-box evaluations within the shared budget.
    func withinBudget(_ model: Checkpoint) -> [Evaluation] {
        whiteBox.filter { $0.checkpoint == model.name && $0.threatModel == budget }
    }

    private var modelBlocks: [HTMLPage.Block] {
        var table = HTMLTable(
            columns: [
                .init("model"), .init("architecture"), .init("parameters", .right),
                .init("trained with"), .init("test accuracy", .right), .init("digest"),
            ], rows: [])
        for model in models {
            let metrics = model.metadata["metrics"]
            let test = rate(metrics?["test_accuracy"], of: metrics?["test_rows"])
            table.rows.append([
                HTMLTable.Cell(model.name),
                HTMLTable.Cell(model.metadata["architecture"]?.stringValue ?? "-"),
                HTMLTable.Cell(NumberText.count(model.tensors.elementCount)),
                HTMLTable.Cell(training(of: model)),
                test.map { HTMLTable.Cell(estimate($0)) } ?? "-",
                HTMLTable.Cell(model.digest.short),
            ])
        }
        return [.table(table)]
    }

    /// The loss in a few words; its weights stand under "Recipes".
    private func training(of model: Checkpoint) -> String {
        guard let loss = try? Loss(json: model.metadata["recipe"]?["loss"] ?? .null) else {
            return "-"
        }
        let teacher = model.metadata["distillation"] == nil ? "" : "cached logits, "
        switch loss {
        case .crossEntropy(let temperature):
            return
                "\(teacher.isEmpty ? "labels" : "the teacher's classes"), T = \(NumberText.short(temperature))"
        case .softCrossEntropy(let temperature):
            return teacher + "defensive, T = \(NumberText.short(temperature))"
        case .hinton(let alpha, let temperature):
            return teacher
                + "Hinton, alpha = \(NumberText.short(alpha)), T = \(NumberText.short(temperature))"
        case .logitMatching: return teacher + "logit matching"
        }
    }

    private func rate(_ share: JSON?, of total: JSON?) -> Rate? {
        guard let share = share?.doubleValue, let total = total?.integerValue else { return nil }
        return Rate(Int((share * Double(total)).rounded()), of: total)
    }
}
