// SPDX-License-Identifier: Apache-2.0

/// What is left of one model after every set within one threat model: an image is held only if no
/// set breaks it. The minimum is taken for each image, never an average over attacks.
public struct WorstCase: Sendable {
    public struct Contribution: Hashable, Sendable {
        public let set: String
        public let attack: String
        public let access: Evaluation.Access
        /// Images right when clean that the set breaks.
        public let broken: Int
        /// Images that no other set breaks.
        public let brokenAlone: Int
    }

    public let checkpoint: String
    public let threatModel: ThreatModel
    public let rows: Int
    public let cleanCorrect: Int
    /// Right when clean and on every example, of all images.
    public let accuracy: Rate
    public let contributions: [Contribution]
    /// Images left standing after each set in turn, starting with all that are right when clean.
    public let waterfall: [Int]
    /// The images by their number in the data set.
    public let rowIDs: [Int]
    /// For each image the first of ``contributions`` that breaks it; nil where none does or the
    /// model is wrong when clean.
    public let breakers: [Int?]

    /// The sets of one threat model.
    ///
    /// - Throws: ``RobustnessError`` unless all evaluations are of one model, one threat model and
    ///   the same rows.
    public init(over evaluations: [Evaluation]) throws(RobustnessError) {
        guard let first = evaluations.first else {
            throw RobustnessError(.data, "a worst case needs at least one evaluated set")
        }
        if let other = evaluations.first(where: { $0.threatModel != first.threatModel }) {
            throw Self.apart(
                first, other,
                "allow \(first.threatModel.description) and \(other.threatModel.description)")
        }
        try self.init(over: evaluations, within: first.threatModel)
    }

    /// Every example that lies within `threatModel`, whatever its set was made for: balls are nested,
    /// so what breaks a row at a smaller epsilon breaks it here. Several rows of an image, towards
    /// several targets, are one image.
    ///
    /// - Throws: ``RobustnessError`` unless all evaluations are of one model, in the threat model's
    ///   norm, and of the same images.
    public init(
        over evaluations: [Evaluation], within threatModel: ThreatModel
    ) throws(RobustnessError) {
        guard let first = evaluations.first else {
            throw RobustnessError(.data, "a worst case needs at least one evaluated set")
        }
        let images = try evaluations.map { evaluation throws(RobustnessError) in
            guard evaluation.checkpoint == first.checkpoint else {
                throw Self.apart(
                    first, evaluation,
                    "evaluate the models '\(first.checkpoint)' and '\(evaluation.checkpoint)'")
            }
            guard evaluation.threatModel.norm == threatModel.norm else {
                throw Self.apart(
                    first, evaluation,
                    "measure \(threatModel.norm.rawValue) and \(evaluation.threatModel.norm.rawValue)"
                )
            }
            return ImageOutcomes(evaluation, within: threatModel)
        }
        if let other = images.indices.first(where: { !images[$0].areOfSameImages(as: images[0]) }) {
            throw Self.apart(first, evaluations[other], "hold different rows")
        }
        checkpoint = first.checkpoint
        self.threatModel = threatModel
        let ids = images[0].rowIDs
        rowIDs = ids
        rows = ids.count
        let isCorrect = ids.map { images[0].cleanCorrect.contains($0) }
        let broken = images.map { own in
            zip(ids, isCorrect).map { $1 && own.broken.contains($0) }
        }
        cleanCorrect = isCorrect.count { $0 }
        var standing = isCorrect
        var waterfall = [cleanCorrect]
        for set in broken {
            standing = zip(standing, set).map { $0 && !$1 }
            waterfall.append(standing.count { $0 })
        }
        self.waterfall = waterfall
        accuracy = Rate(waterfall.last ?? 0, of: rows)
        breakers = isCorrect.indices.map { row in broken.firstIndex { $0[row] } }
        let counts = isCorrect.indices.map { row in broken.count { $0[row] } }
        contributions = zip(evaluations, broken).map { evaluation, set in
            Contribution(
                set: evaluation.set, attack: evaluation.attack, access: evaluation.access,
                broken: set.count { $0 },
                brokenAlone: zip(set, counts).count { $0 && $1 == 1 })
        }
    }

    private static func apart(
        _ first: Evaluation, _ other: Evaluation, _ difference: String
    ) -> RobustnessError {
        RobustnessError(
            .data,
            "the sets '\(first.set)' and '\(other.set)' \(difference), so they have no common worst case"
        )
    }

    /// `no attack in this store broke 12 of 1000 rows ...`: what may be said.
    public var verdict: String {
        let names = contributions.map(\.attack).joined(separator: "; ")
        return
            "no attack in this store broke \(accuracy.count) of \(rows) rows within \(threatModel.description); tried: \(names); any other attack may break more"
    }
}

/// One set's rows gathered by image.
private struct ImageOutcomes {
    /// In the order of their first rows.
    let rowIDs: [Int]
    let labels: [Int: Int]
    let cleanCorrect: Set<Int>
    let broken: Set<Int>

    init(_ evaluation: Evaluation, within threatModel: ThreatModel) {
        var rowIDs: [Int] = []
        var labels: [Int: Int] = [:]
        var (correct, broken): (Set<Int>, Set<Int>) = ([], [])
        let isOwn = evaluation.threatModel == threatModel
        for (outcome, rowID) in zip(evaluation.outcomes, evaluation.rowIDs) {
            if labels.updateValue(outcome.label, forKey: rowID) == nil { rowIDs.append(rowID) }
            if outcome.isCleanCorrect || !outcome.isCleanKnown { correct.insert(rowID) }
            let isWithin = isOwn || outcome.distance <= threatModel.tolerated
            if outcome.isBroken, isWithin { broken.insert(rowID) }
        }
        (self.rowIDs, self.labels, cleanCorrect, self.broken) = (rowIDs, labels, correct, broken)
    }

    func areOfSameImages(as other: ImageOutcomes) -> Bool { labels == other.labels }
}
