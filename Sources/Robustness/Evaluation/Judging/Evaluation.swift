// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What one model does on one stored adversarial set.
///
/// Rows whose example breaks the threat model, or holds numbers that are not finite, count as not
/// attacked: their clean image stands in. ``asStored`` holds the rates that take them at face
/// value.
public struct Evaluation: Sendable {
    /// Who made the examples.
    public enum Access: String, Sendable {
        /// The very model that is evaluated: equal digests.
        case whiteBox = "white-box"
        /// Another model, or nobody knows.
        case transfer
    }

    /// One class's rows.
    public struct ClassCounts: Hashable, Sendable {
        public internal(set) var rows = 0
        public internal(set) var cleanCorrect = 0
        public internal(set) var adversarialCorrect = 0
    }

    public let checkpoint: String
    public let set: String
    /// The attack's canonical text.
    public let attack: String
    /// The attack's ``Attack/json``; null in foreign sets.
    public let attackRecord: JSON
    public let access: Access
    public let isSourceKnown: Bool
    public let rowIDs: [Int]
    public let outcomes: [RowOutcome]
    public let cleanAccuracy: Rate
    public let rates: Rates
    public let asStored: Rates
    public let threatModel: ThreatModel
    public let threatCheck: ThreatCheck
    /// Of the model, the same for all its sets; of no rows where the model could not be asked.
    public internal(set) var masking: MaskingSigns
    public let margins: MarginSummary
    public let classes: [ClassCounts]
    /// confusion[label][prediction on the example] in rows.
    public let confusion: [[Int]]
    public let isTargeted: Bool
    /// What is wrong with the set, by itself and on this model; the worst first.
    public let defects: [SetDefect]
    /// The examples as stored, rounded, truncated and in half precision; empty where the model could
    /// not be asked, or the set is known to be made with another one.
    public let quantisation: [QuantisedResult]
    /// How far the rows that break are, for attacks that look for the smallest change.
    public let hardness: Hardness?
    /// Accuracy at every budget, for attacks that look for the smallest change.
    public let curve: DistanceCurve?
    /// Which class was turned into which; nil for untargeted sets.
    public let targetMatrix: TargetMatrix?
    /// By the parts of an attack made of several.
    public let stages: StageSummary?
    /// Digest of the clean rows and labels that were used.
    public let cleanDigest: Digest
    public let distinctImages: Int
    /// How the clean rows agree with their data set; nil where that was not at hand.
    public let agreement: DataAgreement?
    /// What the attack cost, as its record says.
    public let cost: JSON

    /// The same evaluation with what is known of the model's gradients.
    public func replacing(masking: MaskingSigns) -> Evaluation {
        var copy = self
        copy.masking = masking
        return copy
    }

    public var rows: Int { outcomes.count }
    /// For each row whether it is right when clean and wrong on the example.
    public var brokenRows: [Bool] { outcomes.map(\.isBroken) }
    public var isRejected: Bool { defects.severity == .rejection }
    /// Whether the set holds rows or claims that its pixels contradict.
    public var hasViolations: Bool { (defects.severity ?? .remark) >= .violation }
}
