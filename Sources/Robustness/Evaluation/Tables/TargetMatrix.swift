// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Which class was turned into which by a targeted attack, and with how much (the source-target
/// pictures of Papernot et al., "The limitations of deep learning in adversarial settings", 2016).
public struct TargetMatrix: Hashable, Sendable {
    public struct Cell: Hashable, Sendable {
        /// Rows with this label, right when clean, that aim at this class.
        public internal(set) var rows = 0
        /// Of them, predicted as the target on an example that obeys the threat model.
        public internal(set) var succeeded = 0
        /// Over the rows that succeeded; nil for none.
        public internal(set) var meanFeatures: Double?
        public internal(set) var meanDistance: Double?

        public var success: Rate { Rate(succeeded, of: rows) }
    }

    public let classCount: Int
    /// cells[source][target]; those of a class to itself hold no rows.
    public let cells: [[Cell]]

    init(_ outcomes: [RowOutcome], classCount: Int) {
        self.classCount = classCount
        var cells = [[Cell]](
            repeating: [Cell](repeating: Cell(), count: classCount), count: classCount)
        for outcome in outcomes where outcome.target >= 0 && outcome.target != outcome.label {
            // Nothing was attacked where the model is wrong to begin with.
            guard outcome.isCleanCorrect || !outcome.isCleanKnown else { continue }
            var cell = cells[outcome.label][outcome.target]
            cell.rows += 1
            if outcome.isTargetReached {
                cell.succeeded += 1
                cell.meanFeatures = (cell.meanFeatures ?? 0) + Double(outcome.features)
                cell.meanDistance = (cell.meanDistance ?? 0) + outcome.distance
            }
            cells[outcome.label][outcome.target] = cell
        }
        for source in cells.indices {
            for target in cells.indices where cells[source][target].succeeded > 0 {
                let count = Double(cells[source][target].succeeded)
                cells[source][target].meanFeatures? /= count
                cells[source][target].meanDistance? /= count
            }
        }
        self.cells = cells
    }

    /// `{classes, rows, succeeded, mean_features, mean_distance}`, each [source][target].
    public var json: JSON {
        func table(_ value: (Cell) -> JSON) -> JSON {
            .array(cells.map { .array($0.map(value)) })
        }
        return [
            "classes": .integer(classCount),
            "rows": table { .integer($0.rows) },
            "succeeded": table { .integer($0.succeeded) },
            "mean_features": table { $0.meanFeatures.map { .number($0) } ?? .null },
            "mean_distance": table { $0.meanDistance.map { .number($0) } ?? .null },
        ]
    }
}
