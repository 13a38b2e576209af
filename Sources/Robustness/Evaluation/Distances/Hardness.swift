// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// How far images have to be changed until a model errs, by the smallest changes an attack found
/// (Papernot et al., "Distillation as a defense", 2016, section III.A: the mean over images of the
/// smallest change that alters the class).
///
/// Attacks give upper bounds of the smallest change. Rows they did not break are censored, not
/// dropped, and pull the values up; rows that are wrong when clean take no part.
public struct Hardness: Hashable, Sendable {
    public let norm: Norm
    /// Each row of the set on its own: every target of an image counts.
    public let perRow: Distances
    /// Each image once, with the nearest of its rows; nil where every image has one row.
    public let perImage: Distances?

    public struct Distances: Hashable, Sendable {
        /// Right when clean, with an example that obeys the threat model.
        public let rows: Int
        public let broken: Int
        /// Where unbroken rows are censored: at the budget, or at the largest distance that broke a
        /// row where there is none. nil for no rows.
        public let limit: Double?
        /// Of the broken rows only, which is too small as soon as a row is censored.
        public let meanOfBroken: Double?
        /// nil when more than half of the rows are censored.
        public let median: Double?
        /// The mean with censored rows at the limit: rho_adv where nothing is censored, else a lower
        /// bound of it.
        public let restrictedMean: Double?
        /// ``restrictedMean`` over the number of values of an image, for l0: the share of features
        /// that have to change.
        public let featureShare: Double?
        public let survival: KaplanMeier

        public var censored: Int { rows - broken }
    }

    init(_ outcomes: [RowOutcome], set: AdversarialSet) {
        norm = set.threatModel.norm
        let events = outcomes.indices.compactMap { row -> Event? in
            let outcome = outcomes[row]
            guard outcome.isCleanCorrect, outcome.isAdmissible, outcome.target != outcome.label
            else { return nil }
            let isBroken =
                outcome.target >= 0 ? outcome.isTargetReached : !outcome.isAdversarialCorrect
            return Event(
                rowID: set.rowIDs[row], distance: outcome.distance, isBroken: isBroken)
        }
        let budget = set.threatModel.epsilon?.value
        let values = set.pixelCount
        perRow = Distances(events, norm: set.threatModel.norm, budget: budget, values: values)
        let images = Dictionary(grouping: events, by: \.rowID)
        guard images.count < events.count else {
            perImage = nil
            return
        }
        perImage = Distances(
            images.sorted { $0.key < $1.key }.map { rowID, events in
                let nearest = events.filter(\.isBroken).map(\.distance).min()
                return Event(
                    rowID: rowID, distance: nearest ?? 0, isBroken: nearest != nil)
            }, norm: set.threatModel.norm, budget: budget, values: values)
    }

    struct Event {
        let rowID: Int
        let distance: Double
        let isBroken: Bool
    }

    /// `{norm, rows, broken, censored, limit, mean_of_broken, median, restricted_mean, rho_adv,
    /// is_lower_bound, feature_share, per_image}`.
    public var json: JSON {
        var json = perRow.json
        json["norm"] = .string(norm.rawValue)
        json["per_image"] = perImage?.json ?? .null
        return json
    }
}

extension Hardness.Distances {
    init(_ events: [Hardness.Event], norm: Norm, budget: Double?, values: Int) {
        let broken = events.filter(\.isBroken).map(\.distance)
        rows = events.count
        self.broken = broken.count
        let limit = budget ?? broken.max()
        self.limit = events.isEmpty ? nil : limit
        meanOfBroken =
            broken.isEmpty ? nil : broken.reduce(0, +) / Double(broken.count)
        let end = limit ?? 0
        survival = KaplanMeier(
            distances: events.map { $0.isBroken ? $0.distance : max(end, $0.distance) },
            isBroken: events.map(\.isBroken))
        median = survival.median
        let mean = events.isEmpty || limit == nil ? nil : survival.restrictedMean(to: end)
        restrictedMean = mean
        featureShare = norm == .l0 ? mean.map { $0 / Double(values) } : nil
    }

    var json: JSON {
        func number(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }
        return [
            "rows": .integer(rows), "broken": .integer(broken), "censored": .integer(censored),
            "limit": number(limit), "mean_of_broken": number(meanOfBroken),
            "median": number(median), "restricted_mean": number(restrictedMean),
            "rho_adv": number(restrictedMean), "is_lower_bound": .bool(censored > 0),
            "feature_share": number(featureShare),
        ]
    }
}
