// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a set that only shows when a model looks at it.
struct JudgedDefects {
    let set: AdversarialSet
    let table: OutcomeTable
    let isWhiteBox: Bool
    let classCount: Int

    private var outcomes: [RowOutcome] { table.outcomes }

    var defects: [SetDefect] {
        var defects = [logits, chance].compactMap { $0 }
        // The claims of a set are about the model it was made with.
        if isWhiteBox { defects += [status, wrongToBeginWith, margins].compactMap { $0 } }
        return defects
    }

    private func rowIDs(_ rows: [Int]) -> [Int] { rows.map { set.rowIDs[$0] } }

    private var logits: SetDefect? {
        let rows = table.hasFiniteLogits.indices.filter { !table.hasFiniteLogits[$0] }
            .filter { outcomes[$0].distance.isFinite }
        guard !rows.isEmpty else { return nil }
        return SetDefect(
            .notFiniteLogits, rowIDs: rowIDs(rows),
            "the logits of \(rows.count) examples are NaN or infinite, expected finite numbers")
    }

    /// A model that is no better than chance on the clean rows: labels of other rows, or not its
    /// pixels.
    private var chance: SetDefect? {
        let known = outcomes.filter(\.isCleanKnown)
        let rate = Rate(known.count { $0.isCleanCorrect }, of: known.count)
        let labels = Set(known.map(\.label)).count
        guard isWhiteBox, known.count >= 20, labels >= 2, let value = rate.value,
            value < 1.5 / Double(classCount) || value < 0.5 && looksPermuted(known)
        else { return nil }
        return SetDefect(
            .labelsAtChance,
            "the model that the set was made with is right on \(rate.count) of \(rate.total) clean rows, as by chance: the labels belong to other rows, or the pixels are not on the model's scale"
        )
    }

    /// Whether predictions are spread over classes as the labels are, so that the images are sound
    /// and only the pairing is not.
    private func looksPermuted(_ known: [RowOutcome]) -> Bool {
        var difference = 0
        for label in 0..<classCount {
            difference += abs(
                known.count { $0.label == label } - known.count { $0.cleanPrediction == label })
        }
        return difference * 4 < known.count
    }

    /// Of rows whose prediction does not hang on a rounding.
    private func firm(_ status: String, _ isContradicted: (RowOutcome) -> Bool) -> [Int] {
        let statuses = set.claims.statuses
        guard statuses.count == outcomes.count else { return [] }
        return outcomes.indices.filter { row in
            let outcome = outcomes[row]
            return statuses[row] == status && outcome.storedPrediction != nil
                && abs(outcome.margin) > 1e-3 && isContradicted(outcome)
        }
    }

    private var status: SetDefect? {
        let unbroken = firm("success") {
            $0.target >= 0 ? $0.storedPrediction != $0.target : $0.storedPrediction == $0.label
        }
        let broken = firm("failed") {
            $0.target >= 0 ? $0.storedPrediction == $0.target : $0.storedPrediction != $0.label
        }
        guard !unbroken.isEmpty || !broken.isEmpty else { return nil }
        return SetDefect(
            .statusDisagrees, rowIDs: rowIDs(unbroken + broken),
            "the stored status is not what the model does: \(unbroken.count) rows say success where the goal is not reached, \(broken.count) say failed where it is"
        )
    }

    private var wrongToBeginWith: SetDefect? {
        let rows = firm("success") { $0.isCleanKnown && !$0.isCleanCorrect }
        guard !rows.isEmpty else { return nil }
        return SetDefect(
            .successWhenWrong, rowIDs: rowIDs(rows),
            "\(rows.count) rows called a success are wrong on the clean image already; they are left out where the rate is over rows that are right when clean"
        )
    }

    private var margins: SetDefect? {
        let stated = set.claims.margins
        guard stated.count == outcomes.count else { return nil }
        let wrong = outcomes.indices.filter { row in
            let (found, claimed) = (Double(outcomes[row].margin), stated[row])
            guard found.isFinite, claimed.isFinite else { return false }
            // Sums in another order differ in their last bits, which grow with the logits.
            let scale = max(1, abs(found), abs(claimed))
            return abs(found - claimed) > 1e-2 * scale
        }
        guard let first = wrong.first else { return nil }
        return SetDefect(
            .marginDisagrees, rowIDs: rowIDs(wrong),
            "the stored margin of \(wrong.count) rows is not what the model gives: row \(set.rowIDs[first]) says \(stated[first]), the model \(outcomes[first].margin)"
        )
    }
}

/// What must be known of logits that came from elsewhere.
struct ForeignDefects {
    let adversarial: LogitTable
    let clean: LogitTable?

    var defects: [SetDefect] {
        var defects: [SetDefect] = []
        if clean == nil {
            defects.append(
                SetDefect(
                    .cleanLogitsMissing,
                    "the model's logits on the clean rows were not given, so no rate over the rows that are right when clean can be said"
                ))
        }
        if adversarial.isProbabilities {
            defects.append(
                SetDefect(
                    .probabilities,
                    "the logits are probabilities, every row summing to 1: predictions stand, margins are not those of logits"
                ))
        }
        return defects
    }
}
