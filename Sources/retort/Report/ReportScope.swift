// SPDX-License-Identifier: Apache-2.0

import Checkpoints

/// Which models and sets a report judges pair by pair.
///
/// Everything, but for sweeps: of those the undistilled net and the one at the highest temperature
/// stand for all, since judging every net on every other's sets grows with the square of their
/// number, and the sweep's own section has them all.
struct ReportScope {
    let models: [String]
    let sets: [String]
    /// Whether nothing was left out.
    let isEverything: Bool

    init(_ store: Store) {
        let prefixes = SweepNames.prefixes(in: store)
        let representatives = prefixes.flatMap { prefix -> [String] in
            let names = SweepNames(prefix: prefix)
            let base = store.entry(.checkpoint, named: names.base) == nil ? [] : [names.base]
            return base + (names.temperatures(in: store).last.map { [names.student($0)] } ?? [])
        }
        func isInSweep(_ name: String) -> Bool { prefixes.contains { name.hasPrefix($0 + ".") } }
        isEverything = prefixes.isEmpty
        models = OfflineEvaluation.modelNames(store).filter {
            !isInSweep($0) || representatives.contains($0)
        }
        sets = store.adversarialSets.map(\.name.description).filter { name in
            !isInSweep(name) || representatives.contains { name.hasPrefix($0 + ".") }
        }
    }

    /// Judges them; nil where there is no set or no model.
    func evaluate(in path: String, progress: ProgressReporter) throws -> OfflineEvaluation.Outcome?
    {
        guard !models.isEmpty, !sets.isEmpty else { return nil }
        // Naming everything would make pairs that do not fit an error of whoever named them.
        return try OfflineEvaluation(
            store: path, checkpoints: isEverything ? [] : models, sets: isEverything ? [] : sets
        ).run(progress: progress)
    }
}
