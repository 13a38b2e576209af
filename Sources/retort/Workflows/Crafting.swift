// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Robustness
import Tensors
import Training

/// Making and storing an adversarial set: what `retort attack` does.
struct Crafting {
    let store: String
    let checkpoint: String
    let data: String
    /// `NAME[:key=value,...]`.
    let attack: String
    let name: String
    /// The most rows to attack, from the first; nil for all.
    var count: Int?

    struct Outcome {
        let name: String
        let digest: Digest
        let sourceDigest: Digest
        let result: AdversarialResult

        var succeeded: Int { result.count(of: .success) }
        var attacked: Int { [.success, .failed, .noPair].reduce(0) { $0 + result.count(of: $1) } }
        var imagesPerSecond: Double { Double(result.count) / max(result.wallSeconds, 1e-9) }

        var json: JSON {
            [
                "set": .string(name), "digest": .string(digest.hexadecimal),
                "source_digest": .string(sourceDigest.hexadecimal),
                "attack": result.attack, "threat_model": result.threatModel.json,
                "rows": .integer(result.count), "attacked": .integer(attacked),
                "succeeded": .integer(succeeded),
                "images_per_second": .number(imagesPerSecond),
                "gradients": .integer(result.gradients.reduce(0, +)),
                "seconds": .number(result.wallSeconds),
            ]
        }
    }

    func run(progress: ProgressReporter) throws -> Outcome {
        let attack = try AttackSpecification.parse(attack)
        let source = try Store.open(path: store).checkpoint(named: checkpoint)
        let rows = try LoadedRows(data, part: .test, count: count)
        let writer = try StoreWriter.open(path: store)
        defer { writer.close() }
        try writer.requireFree(.adversarialSet, name)
        let result: AdversarialResult
        do {
            result = try attack.craft(
                against: source.classifier(in: store), images: rows.images, rowIDs: rows.rowIDs
            ) { state in
                progress.update(
                    "\(name)", done: state.finishedRows, of: state.rows,
                    note: "\(state.gradientEvaluations) gradients")
                return !Interruption.isRequested
            }
        } catch  where Interruption.isRequested {
            throw Failure.interrupted("\(store) is at its last commit; nothing was added")
        }
        let dataDigest = rows.images.digest()
        let digest = try writer.append(
            adversarialSet: AdversarialSetContent(
                result, source: source, dataDigest: dataDigest,
                dataName: rows.specification.description, classNames: rows.images.classNames),
            named: name)
        try writer.commit()
        return Outcome(
            name: name, digest: digest, sourceDigest: source.digest, result: result)
    }
}

extension AdversarialSetContent {
    fileprivate init(
        _ result: AdversarialResult, source: Checkpoint, dataDigest: Digest, dataName: String,
        classNames: [String]
    ) {
        var metadata = result.metadata(
            sourceModel: source.digest, sourceName: source.name, data: dataDigest,
            dataName: dataName)
        metadata["class_names"] = .array(classNames.map { .string($0) })
        let count = result.count
        self.init(
            adversarial: result.adversarial, clean: result.clean, labels: result.labels,
            targets: result.targets, status: result.statuses.map(\.rawValue),
            statusNames: AdversarialResult.Status.allCases.map(\.name),
            margin: Tensor(result.margins, shape: [count]),
            distance: Tensor(trusted: .f64, shape: [count], values: result.distances),
            rowIndex: result.rowIDs, sourceDigest: source.digest, dataDigest: dataDigest,
            metadata: metadata)
    }
}
