// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Robustness
import Tensors
import Training

/// Judging stored models on stored sets: what `retort evaluate` does. Nothing but the store is
/// read, unless a data set outside is named to hold the clean rows against.
struct OfflineEvaluation {
    let store: String
    /// Empty for every checkpoint that has a graph, one name for each.
    var checkpoints: [String] = []
    /// Empty for every set.
    var sets: [String] = []
    /// A data set that the clean rows are compared with; nil for those in the store.
    var data: String?
    /// How closely each model's gradients are looked at.
    var limits = ModelSigns.Limits()

    /// A set that was not judged, or not on this model.
    struct Refusal {
        let set: String
        /// nil where no model could judge it.
        let checkpoint: String?
        let defect: SetDefect
        /// Whether nobody asked for the pair: the set is of other images than the model's.
        let isSkipped: Bool

        var json: JSON {
            var json = defect.json
            json["set"] = .string(set)
            json["checkpoint"] = checkpoint.map { .string($0) } ?? .null
            json["skipped"] = .bool(isSkipped)
            return json
        }
    }

    struct Outcome {
        let evaluations: [Evaluation]
        /// Of each model under each threat model that at least two sets share.
        let worstCases: [WorstCase]
        /// Of each model, in the order in which models were named.
        var signs: [ModelSigns] = []
        var comparisons: [ModelComparison] = []
        var orders: [AttackOrder] = []
        var verdicts: [ModelVerdict] = []
        var refusals: [Refusal] = []
        /// Accuracy by corruption and severity over sets that hold one each, by model.
        var corruptions: [(checkpoint: String, grid: CorruptionGrid)] = []

        /// Whether every set was judged, and none holds what its pixels contradict.
        var isClean: Bool {
            refusals.allSatisfy(\.isSkipped) && evaluations.allSatisfy { !$0.hasViolations }
        }

        var json: JSON {
            [
                "clean": .bool(isClean),
                "results": .array(evaluations.map(\.json)),
                "worst_cases": .array(worstCases.map(\.json)),
                "models": .array(signs.map(\.json)),
                "comparisons": .array(comparisons.map(\.json)),
                "order_violations": .array(orders.map(\.json)),
                "verdicts": .array(verdicts.map(\.json)),
                "refused": .array(refusals.map(\.json)),
                "corruptions": .array(
                    corruptions.map {
                        var json = $0.grid.json
                        json["checkpoint"] = .string($0.checkpoint)
                        return json
                    }),
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
        let models = try names.map { try EvaluatedModel(store.checkpoint(named: $0), in: store) }
        let origin = try CleanRowOrigin(store: store, data: data)
        var judging = PairJudging(
            limits: limits, probeEpsilon: try Self.probeEpsilon(store, setNames),
            isModelNamed: !checkpoints.isEmpty)
        // Set by set, so that each is decompressed once.
        for (number, name) in setNames.enumerated() {
            guard let audit = try judging.audit(store.adversarialSet(named: name), origin: origin)
            else { continue }
            for (place, model) in models.enumerated() {
                if Interruption.isRequested { throw Failure.interrupted("nothing was changed") }
                progress.update(
                    "evaluating", done: number * models.count + place,
                    of: names.count * setNames.count, unit: "pairs",
                    note: "\(model.name) on \(name)")
                try judging.judge(model, on: audit)
            }
        }
        guard !judging.evaluations.isEmpty || judging.refusals.contains(where: { !$0.isSkipped })
        else {
            throw Failure(
                "\(store.path): no set holds images that a model takes: "
                    + (judging.refusals.first?.defect.finding ?? "there are none"))
        }
        return try judging.outcome(models: names)
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

    /// The linf budget that most sets share, and a tenth where there is none.
    private static func probeEpsilon(_ store: Store, _ names: [String]) throws -> ExactFraction {
        var counts: [ExactFraction: Int] = [:]
        for name in names {
            let metadata = try store.adversarialSet(named: name).metadata
            guard let json = metadata["threat_model"],
                let threat = try? ThreatModel(json: json), threat.norm == .linf,
                let epsilon = threat.epsilon, (0.001...0.5).contains(epsilon.value)
            else { continue }
            counts[epsilon, default: 0] += 1
        }
        let shared = counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key
        return try shared ?? ExactFraction(parsing: "0.1")
    }
}

extension EvaluatedModel {
    /// A stored model, also with batches of one row and in double precision.
    fileprivate init(_ checkpoint: Checkpoint, in store: Store) throws {
        let single = try checkpoint.classifier(in: store.path, batchSize: 1)
        var parameters = NamedTensors()
        for parameter in single.graph.parameters {
            parameters[parameter.name] = checkpoint.tensors[parameter.name]
        }
        self.init(
            name: checkpoint.name, digest: checkpoint.digest,
            classifier: try checkpoint.classifier(in: store.path), single: single,
            reference: DoublePrecision(
                try ReferenceNetwork(graph: single.graph, parameters: parameters)))
    }
}
