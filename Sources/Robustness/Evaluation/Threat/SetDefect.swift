// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Something about a set that a reader of its rates must know.
public struct SetDefect: Hashable, Sendable {
    /// What follows from a defect.
    public enum Severity: String, CaseIterable, Comparable, Sendable {
        /// Worth knowing; the rates stand.
        case remark
        /// Rows that count as not attacked, or claims that the arrays contradict.
        case violation
        /// The set is not what it says, so its rates mean nothing.
        case rejection

        public static func < (left: Severity, right: Severity) -> Bool {
            allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
        }
    }

    public enum Kind: String, CaseIterable, Sendable {
        // Pixels.
        case notFinitePixels = "pixels-not-finite"
        case notFiniteClean = "clean-pixels-not-finite"
        case notFiniteLogits = "logits-not-finite"
        case beyondEpsilon = "beyond-epsilon"
        case outsideBox = "outside-box"
        case normalisedPixels = "normalised-pixels"
        case bytePixels = "pixels-0-to-255"
        case truncated = "truncated-to-8-bits"
        case constantRows = "constant-rows"
        case allUnchanged = "clean-rows-as-examples"
        case unchangedSuccess = "unchanged-rows-called-success"
        case keptClean = "unbroken-rows-are-clean"
        case axesLast = "channels-last"
        // The threat model.
        case epsilonScale = "epsilon-scale"
        case epsilonMissing = "epsilon-missing"
        case epsilonDisagrees = "epsilon-disagrees"
        case epsilonMeasured = "epsilon-measured"
        case normDisagrees = "norm-disagrees"
        // Labels and targets.
        case labelOutOfRange = "label-out-of-range"
        case targetOutOfRange = "target-out-of-range"
        case targetIsLabel = "target-is-label"
        case labelsAtChance = "labels-at-chance"
        // What was stored against what is measured.
        case distanceDisagrees = "distance-disagrees"
        case marginDisagrees = "margin-disagrees"
        case statusDisagrees = "status-disagrees"
        case successWhenWrong = "success-on-wrong-rows"
        // Where the rows come from.
        case duplicateRows = "duplicate-rows"
        case duplicateImages = "duplicate-images"
        case rowsOutsideData = "rows-outside-data"
        case wrongLabels = "wrong-labels"
        case permutedLabels = "permuted-labels"
        case wrongPixels = "other-clean-pixels"
        case permutedRows = "permuted-rows"
        case otherData = "other-data"
        case dataDisagrees = "data-digest-disagrees"
        case sourceDisagrees = "source-disagrees"
        case recordIncomplete = "record-incomplete"
        // The set cannot be read as one, or not by this model.
        case malformed
        case wrongShape = "wrong-shape"
        // Logits that came from elsewhere.
        case cleanLogitsMissing = "clean-logits-missing"
        case probabilities
    }

    public let kind: Kind
    /// The rows concerned, by their number in the data set; empty where it is the whole set.
    public let rowIDs: [Int]
    /// A sentence without its stop: what was found and what was expected.
    public let finding: String

    public init(_ kind: Kind, rowIDs: [Int] = [], _ finding: String) {
        self.kind = kind
        self.rowIDs = rowIDs
        self.finding = finding
    }

    public var severity: Severity { kind.severity }

    /// Rows listed in full up to this many; the count is always exact.
    static let listLimit = 20

    /// `{defect, severity, finding, rows, row_ids}`.
    public var json: JSON {
        [
            "defect": .string(kind.rawValue), "severity": .string(severity.rawValue),
            "finding": .string(finding), "rows": .integer(rowIDs.count),
            "row_ids": .array(rowIDs.prefix(Self.listLimit).map { .integer($0) }),
        ]
    }
}

extension SetDefect.Kind {
    public var severity: SetDefect.Severity {
        switch self {
        case .notFiniteClean, .normalisedPixels, .bytePixels, .allUnchanged, .axesLast,
            .epsilonScale, .labelOutOfRange, .targetOutOfRange, .labelsAtChance,
            .rowsOutsideData, .wrongLabels, .permutedLabels, .wrongPixels, .permutedRows,
            .otherData, .malformed, .wrongShape, .notFinitePixels, .notFiniteLogits:
            .rejection
        case .keptClean, .epsilonMeasured, .recordIncomplete, .duplicateImages,
            .cleanLogitsMissing, .probabilities, .successWhenWrong:
            .remark
        case .beyondEpsilon, .outsideBox, .truncated, .constantRows, .unchangedSuccess,
            .epsilonMissing, .epsilonDisagrees, .normDisagrees, .targetIsLabel,
            .distanceDisagrees, .marginDisagrees, .statusDisagrees, .duplicateRows,
            .dataDisagrees, .sourceDisagrees:
            .violation
        }
    }
}

extension [SetDefect] {
    /// The worst there is; nil for none.
    public var severity: SetDefect.Severity? { map(\.severity).max() }
}
