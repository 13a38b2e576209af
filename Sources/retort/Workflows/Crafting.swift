// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import Interchange
import Robustness
import Tensors
import Training

/// Making and storing an adversarial set: what `retort attack` does.
///
/// The rows are worked through in shards of ``shardRows``. Each is committed, as soon as it is done,
/// to a store beside the target, where neither `list` nor `evaluate` meets it; at the end one set
/// of all shards is committed to the target and they are removed. What a row becomes does not
/// depend on the shard it is in, so that a run that was interrupted, or split over processes, ends
/// with the digest of one that was not.
struct Crafting {
    let store: String
    let checkpoint: String
    let rows: CraftingRows
    /// `NAME[:key=value,...]`.
    let attack: String
    let name: String
    /// Go on from the shards that an interrupted run left.
    var resume = false
    var ranks = Ranks.alone

    /// Images a shard.
    static let shardRows = 256

    /// - Returns: nil in processes other than the first, whose part is done.
    /// - Throws: ``Failure`` when the name is taken, or shards of an interrupted run are there and
    ///   nobody asked to resume; whatever the attack throws.
    func run(progress: ProgressReporter) throws -> CraftingOutcome? {
        let attack = try AttackSpecification.parse(attack)
        let target = try Store.open(path: store)
        let source = try target.checkpoint(named: checkpoint)
        let identity = CraftingIdentity(
            attack: attack.canonicalText, source: source.digest, data: rows.dataDigest,
            rowIDs: rows.rowIDs)
        if resume, target.entry(.adversarialSet, named: name) != nil {
            let set = try target.adversarialSet(named: name)
            try identity.check(set, in: store)
            try ranks.wait()
            return ranks.isFirst ? CraftingOutcome(set) : nil
        }
        let writer = ranks.isFirst ? try StoreWriter.open(path: store) : nil
        defer { writer?.close() }
        try writer?.requireFree(.adversarialSet, name)
        let shards = CraftingShards(
            target: store, name: name, identity: identity, rows: rows, ranks: ranks)
        let pending = try shards.pending(resume: resume)
        // Nobody adds a shard before everybody has seen which there are.
        try ranks.wait()
        let maker = ShardMaker(attack: attack, source: source, crafting: self, progress: progress)
        if let writer, shards.count == 1, ranks.count == 1, pending == [0] {
            return try store(try maker.result(of: 0..<rows.count, before: 0), by: maker, in: writer)
        }
        try maker.make(pending, in: shards)
        try ranks.wait()
        guard let writer else { return nil }
        let result = try AdversarialResult.joined(shards.results())
        let outcome = try store(result, by: maker, in: writer)
        shards.remove()
        return outcome
    }

    private func store(
        _ result: AdversarialResult, by maker: ShardMaker, in writer: StoreWriter
    ) throws -> CraftingOutcome {
        let content = maker.content(of: result)
        let digest = try writer.append(adversarialSet: content, named: name)
        try writer.commit()
        return CraftingOutcome(
            name: name, digest: digest, sourceDigest: content.sourceDigest,
            metadata: content.metadata)
    }
}

/// Runs an attack on runs of rows.
struct ShardMaker {
    let attack: any Robustness.Attack
    let source: Checkpoint
    let crafting: Crafting
    let progress: ProgressReporter

    /// Attacks and commits the shards of these numbers, one after the other.
    func make(_ numbers: [Int], in shards: CraftingShards) throws {
        guard !numbers.isEmpty else { return }
        let classifier = try source.classifier(in: crafting.store)
        let writer = try StoreWriter.openOrCreate(path: shards.ownFile)
        defer { writer.close() }
        for (done, number) in numbers.enumerated() {
            let range = shards.rows(of: number)
            let result = try result(
                of: range, before: done * Crafting.shardRows,
                total: numbers.reduce(0) { $0 + shards.rows(of: $1).count },
                classifier: classifier)
            var content = content(of: result)
            content.metadata["shard"] = [
                "number": .integer(number), "row_costs": result.rowCosts,
            ]
            try writer.append(
                adversarialSet: content, named: CraftingShards.name(of: number))
            try writer.commit()
        }
    }

    /// - Parameters:
    ///   - done: rows attacked before these, of `total`; for the progress line.
    func result(
        of range: Range<Int>, before done: Int, total: Int? = nil, classifier: Classifier? = nil
    ) throws -> AdversarialResult {
        let rows = crafting.rows
        let classifier = try classifier ?? source.classifier(in: crafting.store)
        do {
            return try attack.craft(
                against: classifier, images: rows.images.rows(range),
                rowIDs: Array(rows.rowIDs[range])
            ) { state in
                // An image with several targets is several rows to the attack.
                let copies = max(state.rows / max(range.count, 1), 1)
                progress.update(
                    crafting.name, done: done * copies + state.finishedRows,
                    of: (total ?? range.count) * copies,
                    note: "\(state.gradientEvaluations) gradients")
                return !Interruption.isRequested
            }
        } catch  where Interruption.isRequested {
            let kept =
                rows.count > Crafting.shardRows
                ? "finished shards of \(Crafting.shardRows) rows are kept beside it; the same command with --resume goes on from there"
                : "nothing was added"
            throw Failure.interrupted("\(crafting.store) is at its last commit; \(kept)")
        }
    }

    func content(of result: AdversarialResult) -> AdversarialSetContent {
        let rows = crafting.rows
        var metadata = result.metadata(
            sourceModel: source.digest, sourceName: source.name, data: rows.dataDigest,
            dataName: rows.dataName)
        metadata["class_names"] = .array(rows.images.classNames.map { .string($0) })
        return AdversarialSetContent(
            adversarial: result.adversarial, clean: result.clean, labels: result.labels,
            targets: result.targets, status: result.statuses.map(\.rawValue),
            statusNames: AdversarialResult.Status.allCases.map(\.name),
            margin: Tensor(result.margins, shape: [result.count]),
            distance: Tensor(trusted: .f64, shape: [result.count], values: result.distances),
            rowIndex: result.rowIDs, sourceDigest: source.digest, dataDigest: rows.dataDigest,
            metadata: metadata)
    }
}
