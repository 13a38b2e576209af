// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Two files of weights, tensor by tensor.
///
/// The files are equal when every tensor has a counterpart of the same name (however spelled),
/// shape, element type and values. A missing or added tensor, another shape or type and a tensor
/// that lies under another name are differences; a tolerance covers values alone.
public struct WeightComparison: Sendable {
    public let options: ComparisonOptions
    /// In the order of A.
    public let pairs: [ComparedPair]
    public let onlyInA: [WeightEntry]
    public let onlyInB: [WeightEntry]
    /// Without a counterpart and none the less no difference.
    public let implied: [ImpliedEntry]
    /// What was left undone, a sentence each without its stop.
    public let remarks: [String]

    /// Compares the tensors of two files. Payloads are read once, two tensors at a time.
    public init(
        _ a: [WeightEntry], _ b: [WeightEntry], options: ComparisonOptions = ComparisonOptions()
    ) {
        let choice = AlignmentChoice(a, b, isLayoutExact: options.isLayoutExact)
        var matching = EntryMatching(a, b, choice: choice)
        matching.matchByName()
        matching.matchByDigest()
        matching.matchByValues()
        var pairs: [ComparedPair] = []
        for position in a.indices {
            guard let (other, match) = matching.matches[position] else { continue }
            var pair = ComparedPair(a: a[position], b: b[other], match: match)
            pair.compare(choice, tolerance: options.tolerance)
            pairs.append(pair)
        }
        var implied: [ImpliedEntry] = []
        func counted(_ entries: [WeightEntry], _ others: [WeightEntry], isInA: Bool)
            -> [WeightEntry]
        {
            let implication = Implication(entries, others: others)
            return entries.filter { entry in
                guard !options.isLayoutExact, let reason = implication.reason(entry) else {
                    return true
                }
                implied.append(ImpliedEntry(name: entry.name, isInA: isInA, reason: reason))
                return false
            }
        }
        onlyInA = counted(matching.openA.map { a[$0] }, b, isInA: true)
        onlyInB = counted(matching.openB.map { b[$0] }, a, isInA: false)
        self.implied = implied
        self.options = options
        self.pairs = pairs
        remarks = matching.remarks
    }

    /// Pairs that differ in shape, type or, beyond the tolerance, in values.
    public var changed: [ComparedPair] { pairs.filter { $0.reason != nil } }
    /// Pairs under two names.
    public var renamed: [ComparedPair] { pairs.filter(\.match.isRenaming) }
    /// Pairs whose elements could not be read.
    public var unread: [ComparedPair] {
        pairs.filter { if case .unread = $0.outcome { true } else { false } }
    }

    /// Whether a difference was found.
    public var isDifferent: Bool {
        !onlyInA.isEmpty || !onlyInB.isEmpty || !changed.isEmpty || !renamed.isEmpty
    }

    /// Whether everything was compared and no difference was found.
    public var isEqual: Bool { !isDifferent && unread.isEmpty }
}

/// How far a layer moved from one file to the other.
public struct LayerMovement: Hashable, Sendable {
    public let layer: String
    /// Over the layer's tensors that differ.
    public let relativeL2: Double
    public let maximum: Double
    public let tensorCount: Int
}

extension WeightComparison {
    /// The layers that differ in values, the one that moved most first.
    public var layers: [LayerMovement] {
        var order: [String] = []
        var sums: [String: (squares: Double, norm: Double, maximum: Double, count: Int)] = [:]
        for pair in pairs {
            guard let difference = pair.difference, !difference.isEqual else { continue }
            if sums[pair.layer] == nil { order.append(pair.layer) }
            var sum = sums[pair.layer] ?? (0, 0, 0, 0)
            sum.squares += difference.squares
            sum.norm += difference.squaresOfB
            sum.maximum = max(sum.maximum, difference.maximum)
            sum.count += 1
            sums[pair.layer] = sum
        }
        return order.map { layer in
            let sum = sums[layer]!
            return LayerMovement(
                layer: layer,
                relativeL2: sum.squares == 0 ? 0 : (sum.squares / sum.norm).squareRoot(),
                maximum: sum.maximum, tensorCount: sum.count)
        }.sorted { ($0.relativeL2, $0.maximum) > ($1.relativeL2, $1.maximum) }
    }
}
