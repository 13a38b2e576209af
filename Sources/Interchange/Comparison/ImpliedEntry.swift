// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A tensor that one file has and the other does without, the models being the same all the same.
public struct ImpliedEntry: Hashable, Sendable {
    public let name: String
    public let isInA: Bool
    /// Why it does not count as a difference, a sentence without its stop.
    public let reason: String
}

/// Which leftovers of one file the other implies.
struct Implication {
    let entries: [WeightEntry]
    let others: [WeightEntry]

    /// Layers of the other file that it says are batch normalizations.
    private let normalizations: Set<String>
    private let otherHasCounters: Bool
    /// Layers of the other file that Keras calls recurrent.
    private let recurrentLayers: Set<String>

    init(_ entries: [WeightEntry], others: [WeightEntry]) {
        self.entries = entries
        self.others = others
        normalizations = Set(
            others.filter { $0.role?.kind == .batchNormalization }.map {
                EntryName.meaningParts(of: $0).layer
            })
        otherHasCounters = others.contains { Self.isCounter($0) }
        recurrentLayers = Set(
            others.compactMap { entry in
                guard case .other(let kind)? = entry.role?.kind,
                    ["lstm", "simple_rnn", "simplernn"].contains(kind.lowercased())
                else { return nil }
                return EntryName.meaningParts(of: entry).layer
            })
    }

    private static func isCounter(_ entry: WeightEntry) -> Bool {
        EntryName.meaningParts(of: entry).parameter == "num_batches_tracked"
    }

    /// The reason when the other file implies `entry`; it is one without a counterpart.
    func reason(_ entry: WeightEntry) -> String? {
        let (layer, parameter) = EntryName.meaningParts(of: entry)
        if parameter.hasPrefix("bias_hh"), recurrentLayers.contains(layer), isAll(0, entry) {
            return "a second bias of zeros, where Keras has one"
        }
        guard normalizations.contains(layer) else { return nil }
        if Self.isCounter(entry) {
            return otherHasCounters ? nil : "a counter that only PyTorch keeps"
        }
        switch parameter {
        case "weight" where isAll(1, entry): return "a scale of ones, which is none at all"
        case "bias" where isAll(0, entry): return "a shift of zeros, which is none at all"
        default: return nil
        }
    }

    private func isAll(_ value: Double, _ entry: WeightEntry) -> Bool {
        guard entry.shape.rank == 1, let tensor = try? entry.tensor(),
            tensor.elementType.isFloatingPoint, let values = try? tensor.floats()
        else { return false }
        return values.allSatisfy { Double($0) == value }
    }
}
