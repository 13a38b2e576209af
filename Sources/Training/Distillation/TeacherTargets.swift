// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What a student learns from its teachers, one row for each row of the training set.
public struct TeacherTargets: Sendable {
    public enum Kind: Hashable, Sendable {
        /// softmax(t / T); of several teachers, the mean of their probabilities at T.
        case probabilities(temperature: Double)
        /// Logits less their mean; of several teachers, the mean of those.
        case logits
        /// The class of the largest logit; of several teachers, of the largest mean probability at
        /// T = 1.
        case labels
    }

    public let kind: Kind
    public let count: Int
    public let classCount: Int
    /// How many caches were averaged.
    public let teacherCount: Int
    /// What the teachers looked at, when it was not the plain rows.
    public let augmentation: AppliedAugmentation?
    /// (count, classes) for probabilities and logits.
    let table: [Float]?
    /// Class indices for labels.
    let labels: [Int32]?

    /// Averages the caches into one table of targets.
    ///
    /// - Parameter images: the training set; each cache's row digests are held against it.
    /// - Throws: ``TrainingError`` when there is no cache, when one is for other rows, or when the
    ///   teachers looked at differently augmented rows.
    public init(
        _ kind: Kind, caches: [TeacherLogits], images: LabelledImages
    ) throws(TrainingError) {
        guard let first = caches.first else {
            throw TrainingError("a distillation needs at least one cache of soft labels")
        }
        for cache in caches {
            try cache.check(against: images)
            guard cache.augmentation == first.augmentation else {
                throw TrainingError(
                    "the caches of an ensemble were made for differently augmented rows")
            }
        }
        self.kind = kind
        count = first.count
        classCount = first.classCount
        teacherCount = caches.count
        augmentation = first.augmentation
        switch kind {
        case .probabilities(let temperature):
            table = try Self.mean(of: caches, temperature: temperature).map { Float($0) }
            labels = nil
        case .logits:
            table = try Self.mean(of: caches, temperature: nil).map { Float($0) }
            labels = nil
        case .labels:
            table = nil
            labels = try Self.labels(of: caches)
        }
    }

    /// The mean over the caches, (N, classes): of probabilities at a temperature, or of centred
    /// logits without one.
    private static func mean(
        of caches: [TeacherLogits], temperature: Double?
    ) throws(TrainingError) -> [Double] {
        let classes = caches[0].classCount
        var total = [Double](repeating: 0, count: caches[0].count * classes)
        var row = [Double](repeating: 0, count: classes)
        for cache in caches {
            let logits = try cache.centred()
            for start in stride(from: 0, to: logits.count, by: classes) {
                if let temperature {
                    logits.withUnsafeBufferPointer { logits in
                        row.withUnsafeMutableBufferPointer { row in
                            guard let source = logits.baseAddress, let target = row.baseAddress
                            else { return }
                            _ = SoftmaxRow(
                                source + start, count: classes, temperature: temperature,
                                into: target)
                        }
                    }
                    for index in 0..<classes { total[start + index] += row[index] }
                } else {
                    for index in 0..<classes {
                        total[start + index] += Double(logits[start + index])
                    }
                }
            }
        }
        let scale = 1 / Double(caches.count)
        return total.map { $0 * scale }
    }

    private static func labels(of caches: [TeacherLogits]) throws(TrainingError) -> [Int32] {
        // A single teacher's largest logit, rather than its probabilities, which may tie at 0.
        let scores =
            caches.count == 1
            ? try caches[0].centred().map { Double($0) } : try mean(of: caches, temperature: 1)
        let classes = caches[0].classCount
        return stride(from: 0, to: scores.count, by: classes).map { start in
            var best = 0
            for index in 1..<Swift.max(classes, 1)
            where scores[start + index] > scores[start + best] {
                best = index
            }
            return Int32(best)
        }
    }
}
