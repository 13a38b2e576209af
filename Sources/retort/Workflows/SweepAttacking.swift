// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Robustness
import Tensors
import Training

/// Attacking the nets of a sweep.
struct SweepAttacking {
    let store: String
    let plan: SweepPlan
    let progress: ProgressReporter
    let note: (String) -> Void
    /// The test rows that are attacked, a data set of the store.
    private let rows: CraftingRows

    /// Stores the first test rows, so that the store needs no other file to be judged by.
    init(
        store: String, plan: SweepPlan, data: LoadedData, progress: ProgressReporter,
        note: @escaping (String) -> Void
    ) throws {
        (self.store, self.plan, self.progress, self.note) = (store, plan, progress, note)
        guard let test = data.test else {
            throw Failure("\(data.specification): has no test rows, which a sweep attacks")
        }
        let images = try test.rows(0..<min(plan.rows, test.count))
        let digest = images.digest()
        rows = CraftingRows(
            images: images, rowIDs: Array(0..<images.count), dataDigest: digest,
            dataName: data.specification.description + "/test")
        let writer = try StoreWriter.openOrCreate(path: store)
        defer { writer.close() }
        if let found = writer.entry(.dataset, named: plan.names.test) {
            guard found.digest == digest else {
                throw Failure(
                    "\(store): the data set '\(plan.names.test)' has other rows than the first \(images.count) test rows; choose another --prefix"
                )
            }
            return
        }
        try writer.append(
            dataset: DatasetContent(
                images: images, metadata: ["data": .string(data.specification.description)]),
            named: plan.names.test)
        try writer.commit()
    }

    /// Runs the sweep's attacks on one net.
    ///
    /// - Parameter temperature: of the student; nil for the baseline, which has no scaled variant.
    func attack(_ checkpoint: Checkpoint, temperature: Double?) throws {
        var sources: CraftingRows?
        for attack in plan.attacks {
            guard temperature != nil || attack != .scaledJSMA else { continue }
            let attacksSources = attack != .logOddsPGD && attack != .crossEntropyPGD
            if attacksSources, sources == nil { sources = try chooseSources(for: checkpoint) }
            let crafting = Crafting(
                store: store, checkpoint: checkpoint.name,
                rows: attacksSources ? sources ?? rows : rows,
                attack: try plan.text(of: attack, temperature: temperature ?? 1),
                name: attack.set(against: checkpoint.name), resume: true)
            let isThere =
                try Store.open(path: store).entry(.adversarialSet, named: crafting.name) != nil
            guard let outcome = try crafting.run(progress: progress), !isThere else { continue }
            note("\(outcome.name): \(outcome.succeeded) of \(outcome.attacked) broken")
        }
    }

    /// The first rows that the net classifies correctly.
    private func chooseSources(for checkpoint: Checkpoint) throws -> CraftingRows {
        let classifier = try checkpoint.classifier(in: store)
        let right = try classifier.correctRows(of: rows.images, limit: plan.sources)
        guard !right.isEmpty else {
            throw Failure(
                "\(store): '\(checkpoint.name)' classifies none of the first \(rows.count) test rows correctly, so there is nothing to attack"
            )
        }
        return try rows.choosing(right)
    }
}

extension DifferentiableClassifier {
    /// The first rows whose largest logit is at the label, at most `limit`.
    func correctRows(of images: LabelledImages, limit: Int) throws -> [Int] {
        var right: [Int] = []
        for first in stride(from: 0, to: images.count, by: batchSize) {
            let range = first..<min(first + batchSize, images.count)
            var logits = [Float](repeating: 0, count: range.count * classCount)
            try images.pixels(range).withUnsafeBufferPointer { pixels in
                try logits.withUnsafeMutableBufferPointer { logits in
                    try self.logits(of: pixels, count: range.count, into: logits)
                }
            }
            for row in range {
                let own = logits[((row - first) * classCount)..<((row - first + 1) * classCount)]
                guard let largest = own.max(), own.allSatisfy(\.isFinite),
                    own.firstIndex(of: largest) == own.startIndex + images.labels[row]
                else { continue }
                right.append(row)
                if right.count == limit { return right }
            }
        }
        return right
    }
}
