// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// A quick look at a model with attacks whose order is known: the same few steps along three losses,
/// one step, noise, and a ball so large that nothing can withstand it. What comes out of order says
/// that the gradient is hidden.
public struct GradientProbe: Hashable, Sendable {
    /// One way to move an image, and how many images were still right afterwards.
    public struct Trial: Hashable, Sendable {
        public let name: String
        public let accuracy: Rate
    }

    /// linf, in units of the pixels.
    public let epsilon: ExactFraction
    public let images: Int
    public let cleanAccuracy: Rate
    /// `noise`, `one step`, `ce`, `log-odds`, `dlr` and `epsilon 0.5`; `dlr` only with three classes.
    public let trials: [Trial]
    /// Sentences about what is out of order; empty when nothing is.
    public let findings: [String]
    /// Differences less likely than this by chance are findings.
    public static let significance = 0.01

    /// The names of the trials.
    public enum Name {
        public static let noise = "noise"
        public static let oneStep = "one step"
        public static let wide = "epsilon 0.5"
    }

    /// Steps of the iterative trials.
    private static let steps = 10

    /// Probes at most `limit` of `images`.
    ///
    /// - Throws: ``RobustnessError`` when the model fails or an image leaves the box.
    public init(
        _ classifier: any DifferentiableClassifier, images: LabelledImages, epsilon: ExactFraction,
        limit: Int
    ) throws(RobustnessError) {
        let count = min(limit, images.count)
        let chosen = (0..<count).map { $0 * images.count / max(count, 1) }
        let subset = try images.selecting(chosen)
        self.epsilon = epsilon
        self.images = count
        var broken: [String: [Bool]] = [:]
        var order: [String] = []
        var right: [Bool] = []
        func attempt(_ name: String, _ text: String) throws(RobustnessError) {
            let result = try AttackSpecification.parse(text).craft(
                against: classifier, images: subset)
            right = result.statuses.map { $0 != .alreadyMisclassified }
            broken[name] = result.statuses.map { $0 == .success }
            order.append(name)
        }
        let losses: [AttackLoss] =
            [.crossEntropy, .logOdds] + (classifier.classCount > 2 ? [.dlr] : [])
        try attempt(Name.oneStep, "fgsm:epsilon=\(epsilon)")
        for loss in losses {
            try attempt(
                loss.rawValue,
                "pgd:epsilon=\(epsilon),steps=\(Self.steps),start=none,loss=\(loss.rawValue)")
        }
        try attempt(Name.wide, "pgd:epsilon=0.5,steps=\(Self.steps),step=0.1,start=none")
        broken[Name.noise] = try Self.noise(
            classifier, subset, epsilon: epsilon.valueRoundedDown, right: right)
        order.insert(Name.noise, at: 0)
        let correct = right.count { $0 }
        cleanAccuracy = Rate(correct, of: count)
        trials = order.map { name in
            Trial(
                name: name,
                accuracy: Rate(correct - (broken[name] ?? []).count { $0 }, of: count))
        }
        findings = Self.findings(
            broken, accuracyInWideBall: trials.last?.accuracy ?? Rate(0, of: 0),
            classCount: classifier.classCount)
    }

    /// Which images that are right when clean are wrong after one draw of uniform noise.
    private static func noise(
        _ classifier: any DifferentiableClassifier, _ images: LabelledImages, epsilon: Double,
        right: [Bool]
    ) throws(RobustnessError) -> [Bool] {
        let values = images.pixelCount
        let capacity = max(1, min(classifier.batchSize, images.count))
        let batch = GradientBatch(classifier, capacity: capacity)
        var broken: [Bool] = []
        let size = Float(epsilon)
        for first in stride(from: 0, to: images.count, by: capacity) {
            let rows = first..<min(first + capacity, images.count)
            for (position, row) in rows.enumerated() {
                var stream = RandomStream(seed: 0, purpose: .probeNoise, row: UInt64(row))
                let pixels = batch.image(position)
                images.copyPixels(ofRow: row, to: pixels)
                for index in 0..<values {
                    pixels[index] = min(max(pixels[index] + stream.uniform(-size, size), 0), 1)
                }
            }
            try batch.run(count: rows.count, seeds: 0) { _, _, _, _ in }
            broken += rows.enumerated().map { position, row in
                right[row] && batch.logits(position).prediction != images.labels[row]
            }
        }
        return broken
    }

    /// Pairs of which the second must not break significantly fewer rows than the first.
    private static func findings(
        _ broken: [String: [Bool]], accuracyInWideBall wide: Rate, classCount: Int
    ) -> [String] {
        let expected: [(weaker: String, stronger: String, meaning: String)] = [
            (
                "log-odds", "ce",
                "log-odds and cross-entropy have one direction, so the gradient of cross-entropy is lost on the way"
            ),
            ("dlr", "ce", "the ratio of logits does not vanish where cross-entropy does"),
            (
                "dlr", "log-odds",
                "two losses that cannot vanish disagree, so the steps of one are misled"
            ),
            (Name.oneStep, "log-odds", "many steps see at least what one does"),
            (Name.noise, "log-odds", "a gradient that is worse than noise points nowhere"),
        ]
        var findings: [String] = []
        for (weaker, stronger, meaning) in expected {
            guard let weak = broken[weaker], let strong = broken[stronger] else { continue }
            let pair = PairedComparison(pairs: zip(weak, strong))
            guard pair.onlyFirst > pair.onlySecond, pair.pValue < significance else { continue }
            findings.append(
                "\(weaker) alone breaks \(pair.onlyFirst) rows, \(stronger) alone \(pair.onlySecond): \(meaning)"
            )
        }
        let chance = 1 / Double(max(classCount, 1))
        if wide.interval.lowerBound > chance {
            findings.append(
                "with epsilon 0.5, enough to make every image grey, \(wide.count) of \(wide.total) rows are still right, more than chance: the attack does not find what must be there"
            )
        }
        return findings
    }

    /// `{epsilon, images, clean_accuracy, trials: [{name, accuracy, interval_95}], findings}`.
    public var json: JSON {
        [
            "norm": "linf", "epsilon": .number(epsilon.value),
            "epsilon_exact": .string(epsilon.text),
            "images": .integer(images), "clean_accuracy": cleanAccuracy.json,
            "trials": .array(
                trials.map {
                    [
                        "name": .string($0.name), "accuracy": $0.accuracy.json,
                        "interval_95": $0.accuracy.intervalJSON,
                    ]
                }),
            "findings": .array(findings.map { .string($0) }),
        ]
    }
}

extension RandomStream.Purpose {
    /// The noise of a probe.
    static let probeNoise = RandomStream.Purpose(rawValue: 50)
}
