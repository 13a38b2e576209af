// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Ways an example may be saved, each of which can undo an attack or break its bound.
public enum PixelStorage: String, CaseIterable, Hashable, Sendable {
    /// The floats of the attack.
    case stored
    /// To the nearest k/255, as careful tools save images.
    case rounded
    /// Down to k/255, as a cast to 8-bit integers does.
    case truncated
    /// IEEE half precision.
    case half

    /// Writes what comes back of `count` pixels that were saved so.
    func copy(
        _ pixels: UnsafePointer<Float>, count: Int, to output: UnsafeMutablePointer<Float>
    ) {
        switch self {
        case .stored: output.update(from: pixels, count: count)
        case .rounded:
            for index in 0..<count {
                output[index] =
                    min(max((pixels[index] * 255).rounded(.toNearestOrEven), 0), 255) / 255
            }
        case .truncated:
            for index in 0..<count {
                output[index] =
                    min(max((pixels[index] * 255).rounded(.towardZero), 0), 255) / 255
            }
        case .half:
            for index in 0..<count { output[index] = Float(Float16(pixels[index])) }
        }
    }
}

/// A set's examples after they were saved in one way.
public struct QuantisedResult: Hashable, Sendable {
    public let storage: PixelStorage
    /// Right on the example at face value, of all rows.
    public let accuracy: Rate
    /// Rows that break the threat model.
    public let violations: Int
    /// Over finite rows; nil for none.
    public let maximalDistance: Double?

    /// `{storage, accuracy, violations, max_distance}`.
    public var json: JSON {
        [
            "storage": .string(storage.rawValue), "accuracy": accuracy.json,
            "interval_95": accuracy.intervalJSON, "violations": .integer(violations),
            "max_distance": maximalDistance.map { .number($0) } ?? .null,
        ]
    }
}

extension Evaluator {
    /// The examples through every kind of storage; rows that are not finite stay as they are.
    func quantised(_ outcomes: [RowOutcome], _ check: ThreatCheck) throws(RobustnessError)
        -> [QuantisedResult]
    {
        var results = [
            QuantisedResult(
                storage: .stored,
                accuracy: Rate(
                    outcomes.count { $0.storedPrediction == $0.label }, of: outcomes.count),
                violations: check.violations.count, maximalDistance: check.maximalDistance)
        ]
        for storage in PixelStorage.allCases where storage != .stored {
            results.append(try quantised(as: storage))
        }
        return results
    }

    private func quantised(as storage: PixelStorage) throws(RobustnessError) -> QuantisedResult {
        let values = set.pixelCount
        let source = FloatBuffer(count: values)
        var (correct, violations) = (0, 0)
        var largest: Double?
        for first in stride(from: 0, to: set.count, by: capacity) {
            let rows = first..<min(first + capacity, set.count)
            set.clean.copyPixels(rows, to: images.pointer(at: 0))
            for (position, row) in rows.enumerated() {
                set.adversarial.copyPixels(row..<(row + 1), to: source.pointer(at: 0))
                storage.copy(
                    source.pointer(at: 0), count: values,
                    to: examples.pointer(at: position * values))
            }
            try forward(examples, count: rows.count)
            for (position, row) in rows.enumerated() where audit.rows[row].isFinite {
                correct += logitRow(position).prediction == set.labels[row] ? 1 : 0
                let check = RowCheck(
                    clean: images.pointer(at: position * values),
                    adversarial: examples.pointer(at: position * values), count: values,
                    norm: set.threatModel.norm)
                violations += check.violation(of: set.threatModel) == nil ? 0 : 1
                largest = max(largest ?? 0, check.distance)
            }
        }
        return QuantisedResult(
            storage: storage, accuracy: Rate(correct, of: set.count), violations: violations,
            maximalDistance: largest)
    }
}
