// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// A way to look for adversarial examples inside a threat model.
public protocol Attack: Sendable {
    /// What a person writes before the colon.
    static var name: String { get }
    /// One line for help texts.
    static var summary: String { get }
    /// Every key the attack knows, with its meaning and default.
    static var keys: [AttackKey] { get }
    /// Published settings by name; a bare word in the attack's text stands for all their keys.
    static var presets: [AttackPreset] { get }

    init(arguments: AttackArguments) throws(RobustnessError)

    var threatModel: ThreatModel { get }
    var seed: UInt64 { get }
    /// All effective parameters, defaults included, in the order of ``keys``.
    var parameters: [AttackParameter] { get }

    /// For attacks made of several, such as an ensemble: their names in order; else empty.
    var stageNames: [String] { get }

    /// Attacks every row of `images`.
    ///
    /// - Parameters:
    ///   - rowIDs: the rows' numbers in their data set, one for each image; randomness is keyed by
    ///     them, so that a row's example does not depend on what is attacked beside it.
    ///   - progress: called after every batch; returns false to stop.
    /// - Throws: ``RobustnessError`` for images outside the box, a model that fails or does not fit,
    ///   or a stop that was asked for.
    func craft(
        against classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult
}

extension Attack {
    public static var presets: [AttackPreset] { [] }

    public var stageNames: [String] { [] }

    /// Attacks rows numbered from 0, without reporting.
    public func craft(
        against classifier: any DifferentiableClassifier, images: LabelledImages
    ) throws(RobustnessError) -> AdversarialResult {
        try craft(
            against: classifier, images: images, rowIDs: Array(0..<images.count),
            progress: { _ in true })
    }

    /// `name:key=value,...` with every effective parameter; parses back to the same attack.
    public var canonicalText: String {
        Self.name + ":" + parameters.map { "\($0.key)=\($0.text)" }.joined(separator: ",")
    }

    /// `{name, text, parameters: {...}}`.
    public var json: JSON {
        let members = parameters.map { ($0.key, $0.json) }
        return [
            "name": .string(Self.name),
            "text": .string(canonicalText),
            "parameters": .object(Dictionary(members) { _, last in last }),
        ]
    }
}

/// One key of an attack, for help texts and error messages.
public struct AttackKey: Sendable, Hashable {
    public let name: String
    public let meaning: String

    public init(_ name: String, _ meaning: String) {
        self.name = name
        self.meaning = meaning
    }
}

/// One effective parameter of an attack, as text and as JSON.
public struct AttackParameter: Sendable, Hashable {
    public let key: String
    public let text: String
    public let json: JSON

    init(_ key: String, _ text: String) {
        (self.key, self.text, json) = (key, text, .string(text))
    }

    init(_ key: String, _ value: Int) {
        (self.key, text, json) = (key, String(value), .integer(value))
    }
}

/// How far an attack has come.
public struct AttackProgress: Sendable {
    /// Rows whose result is known.
    public let finishedRows: Int
    public let rows: Int
    public let gradientEvaluations: Int
}
