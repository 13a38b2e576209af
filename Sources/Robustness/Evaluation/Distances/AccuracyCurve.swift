// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// Accuracy against epsilon under one attack.
///
/// The balls are nested, so a row broken at one epsilon is broken at every larger one: only rows
/// still standing are attacked again, and the curve can never rise.
public struct AccuracyCurve: Sendable {
    public struct Point: Hashable, Sendable {
        public let epsilon: ExactFraction
        /// Right when clean and not broken at this epsilon or a smaller one, of all rows.
        public let accuracy: Rate
    }

    /// The attack's text at the last epsilon.
    public let attack: String
    public let norm: Norm
    /// Ascending; the first point is the clean accuracy at epsilon 0.
    public let points: [Point]

    /// - Parameters:
    ///   - attack: text such as `pgd:norm=l2,steps=40`, without an epsilon.
    ///   - epsilons: above zero, in any order.
    /// - Throws: ``RobustnessError`` for an attack or an epsilon that cannot be, a model that fails,
    ///   or a stop that was asked for.
    public init(
        of classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        attack text: String, epsilons: [ExactFraction], progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) {
        guard let first = epsilons.min() else {
            throw RobustnessError(.specification, "an accuracy curve needs at least one epsilon")
        }
        var points: [Point] = []
        var standing = Array(0..<images.count)
        var last = try Self.attack(text, epsilon: first)
        for epsilon in epsilons.sorted() where points.last?.epsilon != epsilon {
            last = try Self.attack(text, epsilon: epsilon)
            let subset = try images.selecting(standing)
            let result = try last.craft(
                against: classifier, images: subset, rowIDs: standing.map { rowIDs[$0] },
                progress: progress)
            if points.isEmpty {
                let correct = images.count - result.count(of: .alreadyMisclassified)
                points.append(
                    Point(
                        epsilon: try ExactFraction(parsing: "0"),
                        accuracy: Rate(correct, of: images.count)))
            }
            standing = zip(standing, result.statuses).filter { $1 == .failed }.map { $0.0 }
            points.append(
                Point(epsilon: epsilon, accuracy: Rate(standing.count, of: images.count)))
        }
        self.points = points
        attack = last.canonicalText
        norm = last.threatModel.norm
    }

    private static func attack(
        _ text: String, epsilon: ExactFraction
    ) throws(RobustnessError) -> any Attack {
        let separator = text.contains(":") ? (text.hasSuffix(":") ? "" : ",") : ":"
        let attack = try AttackSpecification.parse("\(text)\(separator)epsilon=\(epsilon)")
        guard attack.parameters.contains(where: { $0.key == "targeted" && $0.text == "none" })
        else {
            throw RobustnessError(
                .specification, "an accuracy curve needs an untargeted attack, found '\(text)'")
        }
        return attack
    }

    /// `{attack, norm, points: [{epsilon, epsilon_exact, accuracy, interval_95}]}`.
    public var json: JSON {
        [
            "attack": .string(attack),
            "norm": .string(norm.rawValue),
            "points": .array(
                points.map {
                    [
                        "epsilon": .number($0.epsilon.value),
                        "epsilon_exact": .string($0.epsilon.text),
                        "accuracy": $0.accuracy.json,
                        "interval_95": $0.accuracy.intervalJSON,
                    ]
                }),
        ]
    }
}

extension LabelledImages {
    /// The rows with these numbers, copied; the set itself when they are all of it in order.
    func selecting(_ rows: [Int]) throws(RobustnessError) -> LabelledImages {
        if rows.count == count { return self }
        let buffer = FloatBuffer(count: rows.count * pixelCount)
        for (position, row) in rows.enumerated() {
            copyPixels(ofRow: row, to: buffer.pointer(at: position * pixelCount))
        }
        let shape = Shape(trusted: [rows.count] + imageShape.dimensions)
        let tensor = try buffer.tensor(shape: shape)
        do throws(TensorError) {
            return try LabelledImages(
                images: tensor, labels: rows.map { labels[$0] }, classCount: classCount,
                classNames: classNames)
        } catch {
            throw RobustnessError(.data, error.description)
        }
    }
}
