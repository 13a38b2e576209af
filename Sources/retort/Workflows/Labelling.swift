// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Tensors
import Training

/// Caching a teacher's logits: what `retort label` does.
struct Labelling {
    let store: String
    let checkpoint: String
    let data: String
    let name: String
    /// F16 or F32.
    var precision = ElementType.f16

    struct Outcome {
        let name: String
        let digest: Digest
        let teacherDigest: Digest
        let rows: Int
        let classCount: Int
        let imagesPerSecond: Double
        /// Share of rows where the teacher's largest logit is the label.
        let agreement: Double

        var json: JSON {
            [
                "soft_labels": .string(name), "digest": .string(digest.hexadecimal),
                "teacher_digest": .string(teacherDigest.hexadecimal), "rows": .integer(rows),
                "classes": .integer(classCount), "images_per_second": .number(imagesPerSecond),
                "teacher_accuracy": .number(agreement),
            ]
        }
    }

    func run(progress: ProgressReporter) throws -> Outcome {
        let teacher = try Store.open(path: store).checkpoint(named: checkpoint)
        let rows = try LoadedRows(data, part: .train)
        let writer = try StoreWriter.open(path: store)
        defer { writer.close() }
        try writer.requireFree(.softLabels, name)
        let classifier = try teacher.classifier(in: store)
        let clock = ContinuousClock()
        let start = clock.now
        let labelled = try TeacherLogits(labelling: rows.images, with: classifier) { done in
            progress.update("labelling", done: done, of: rows.images.count)
            return !Interruption.isRequested
        }
        guard let labelled else {
            throw Failure.interrupted("\(store) is at its last commit; nothing was added")
        }
        let seconds = (clock.now - start).seconds
        let metadata: JSON = [
            "data": .string(rows.specification.description),
            "teacher": .string(checkpoint),
        ]
        let digest = try writer.append(
            softLabels: SoftLabelsContent(
                logits: labelled.logits, precision: precision, rowIndex: rows.rowIDs,
                rowDigests: labelled.rowDigests, teacherDigest: teacher.digest,
                dataDigest: rows.images.digest(), metadata: metadata), named: name)
        try writer.commit()
        return Outcome(
            name: name, digest: digest, teacherDigest: teacher.digest, rows: rows.images.count,
            classCount: classifier.classCount,
            imagesPerSecond: Double(rows.images.count) / max(seconds, 1e-9),
            agreement: try labelled.accuracy(on: rows.images.labels))
    }
}

extension StoreWriter {
    /// Refuses a taken name before an hour of work is spent on it.
    func requireFree(_ kind: ObjectKind, _ name: String) throws {
        if entry(kind, named: name) != nil {
            throw Failure(
                "\(path): \(kind.title) '\(name)' is already there; nothing is overwritten, choose another name"
            )
        }
    }
}

extension TeacherLogits {
    /// Share of rows whose largest logit is at the label.
    fileprivate func accuracy(on labels: [Int]) throws -> Double {
        let values = try logits.floats()
        let right = labels.indices.count { row in
            let range = (row * classCount)..<((row + 1) * classCount)
            let best = range.max { values[$0] < values[$1] } ?? range.lowerBound
            return best - range.lowerBound == labels[row]
        }
        return Double(right) / Double(max(labels.count, 1))
    }
}
