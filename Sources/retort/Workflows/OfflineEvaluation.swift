// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Robustness
import Tensors
import Training

/// Judging stored models on stored sets: what `retort evaluate` does. Nothing but the store is
/// read.
struct OfflineEvaluation {
    let store: String
    /// Empty for every checkpoint that has a graph, one name for each.
    var checkpoints: [String] = []
    /// Empty for every set.
    var sets: [String] = []

    struct Outcome {
        let evaluations: [Evaluation]
        /// Of each model under each threat model that at least two sets share.
        let worstCases: [WorstCase]

        var json: JSON {
            [
                "results": .array(evaluations.map(\.json)),
                "worst_cases": .array(worstCases.map(\.json)),
            ]
        }
    }

    func run(progress: ProgressReporter) throws -> Outcome {
        let store = try Store.open(path: store)
        let setNames = sets.isEmpty ? store.adversarialSets.map(\.name.description) : sets
        guard !setNames.isEmpty else {
            throw Failure(
                "\(store.path): has no adversarial sets to evaluate on; make one with 'retort attack'"
            )
        }
        let names = checkpoints.isEmpty ? Self.modelNames(store) : checkpoints
        guard !names.isEmpty else {
            throw Failure("\(store.path): has no checkpoints to evaluate")
        }
        let models = try names.map { name in
            let checkpoint = try store.checkpoint(named: name)
            return (checkpoint, try checkpoint.classifier(in: store.path))
        }
        var evaluations: [Evaluation] = []
        // Set by set, so that each is decompressed once.
        for name in setNames {
            let set = try Robustness.AdversarialSet(stored: store.adversarialSet(named: name))
            for (checkpoint, classifier) in models {
                if Interruption.isRequested { throw Failure.interrupted("nothing was changed") }
                progress.update(
                    "evaluating", done: evaluations.count, of: names.count * setNames.count,
                    unit: "pairs", note: "\(checkpoint.name) on \(name)")
                evaluations.append(
                    try Evaluator.evaluate(
                        classifier, checkpoint: checkpoint.name, digest: checkpoint.digest, on: set)
                )
            }
        }
        return Outcome(
            evaluations: evaluations, worstCases: try Self.worstCases(evaluations))
    }

    /// One name for each stored model: an alias such as `teacher` stands for the epoch it names,
    /// and epochs nobody gave a name are left out where their run has one.
    static func modelNames(_ store: Store) -> [String] {
        let entries = store.checkpoints
        let aliases = entries.filter { $0.name.epoch == nil }
        let bases = Set(aliases.map(\.name.base))
        let orphans = entries.filter { $0.name.epoch != nil && !bases.contains($0.name.base) }
        return (aliases + orphans).map(\.name.description)
    }

    private static func worstCases(_ evaluations: [Evaluation]) throws -> [WorstCase] {
        struct Key: Hashable {
            let checkpoint: String
            let threatModel: ThreatModel
            let rowIDs: [Int]
        }
        var order: [Key] = []
        var groups: [Key: [Evaluation]] = [:]
        for evaluation in evaluations where !evaluation.isTargeted {
            let key = Key(
                checkpoint: evaluation.checkpoint, threatModel: evaluation.threatModel,
                rowIDs: evaluation.rowIDs)
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(evaluation)
        }
        return try order.compactMap { key in
            guard let group = groups[key], group.count > 1 else { return nil }
            return try WorstCase(over: group)
        }
    }
}

extension Robustness.AdversarialSet {
    /// A stored set, with the references of the store rather than what its metadata claims.
    init(stored set: Checkpoints.AdversarialSet) throws {
        var metadata = set.metadata
        metadata["source_model"] = [
            "digest": set.sourceDigest == Reference.unnamedModel
                ? .null : .string(set.sourceDigest.hexadecimal)
        ]
        metadata["rows"] = ["indices": .array(set.rowIndex.map { .integer($0) })]
        try self.init(
            name: set.name, adversarial: set.adversarial(), clean: set.clean(), labels: set.labels,
            targets: set.targets, metadata: metadata)
    }
}
