// SPDX-License-Identifier: Apache-2.0

import Tensors

extension EntryMatching {
    /// Values further apart are no longer taken for one tensor. Two unrelated ones are about 1.4
    /// apart, a fine-tuned one a few per cent.
    static let farthestRenamed = 0.5
    /// Fewer elements than this may be alike by chance.
    static let fewestElements = 8
    /// Pairs looked at before it is given up.
    static let mostPairs = 200_000
    /// Bytes of tensors in memory that are kept for the next pair.
    private static let keptByteCount = 64 << 20

    /// Joins what is left by shape and values, the closest pairs first.
    mutating func matchByValues() {
        let left = Dictionary(grouping: openA.filter { isComparable(a[$0]) }) {
            a[$0].shape.elementCount
        }
        let right = Dictionary(grouping: openB.filter { isComparable(b[$0]) }) {
            b[$0].shape.elementCount
        }
        var budget = Self.mostPairs
        var found: [(distance: Double, a: Int, b: Int)] = []
        for (count, positions) in left.sorted(by: { $0.key < $1.key }) {
            guard let others = right[count] else { continue }
            let (pairs, overflow) = positions.count.multipliedReportingOverflow(by: others.count)
            guard !overflow, pairs <= budget else {
                remarks.append(
                    "\(positions.count) and \(others.count) tensors of \(count) elements without a "
                        + "counterpart by name were not compared with each other")
                continue
            }
            budget -= pairs
            found += candidates(positions, others)
        }
        found.sort { ($0.distance, $0.a, $0.b) < ($1.distance, $1.a, $1.b) }
        var (usedA, usedB): (Set<Int>, Set<Int>) = ([], [])
        var joined: [(a: Int, b: Int)] = []
        for pair in found where !usedA.contains(pair.a) && !usedB.contains(pair.b) {
            usedA.insert(pair.a)
            usedB.insert(pair.b)
            joined.append((pair.a, pair.b))
        }
        join(joined, .values)
    }

    private func isComparable(_ entry: WeightEntry) -> Bool {
        entry.elementType != nil && entry.shape.elementCount >= Self.fewestElements
    }

    private func candidates(
        _ positions: [Int], _ others: [Int]
    ) -> [(distance: Double, a: Int, b: Int)] {
        var found: [(Double, Int, Int)] = []
        // A reader may check or decompress a tensor each time; views and small ones are kept.
        var kept: [Int: Tensor] = [:]
        var room = Self.keptByteCount
        for position in positions {
            guard let left = try? a[position].tensor() else { continue }
            for other in others where mayBeOne(a[position], b[other]) {
                let alignments = choice.alignments(a[position], b[other])
                guard !alignments.isEmpty,
                    let right = kept[other] ?? (try? b[other].tensor())
                else { continue }
                if kept[other] == nil, right.isMapped || right.byteCount <= room {
                    kept[other] = right
                    if !right.isMapped { room -= right.byteCount }
                }
                let distances = alignments.compactMap {
                    SampledDistance.relativeL2(left, right, $0)
                }
                if let least = distances.min(), least < Self.farthestRenamed {
                    found.append((least, position, other))
                }
            }
        }
        return found
    }

    /// A bias is not a running mean, whatever their values.
    private func mayBeOne(_ a: WeightEntry, _ b: WeightEntry) -> Bool {
        let words: Set = ["weight", "bias", "running_mean", "running_var"]
        let left = EntryName.meaningParts(of: a).parameter
        let right = EntryName.meaningParts(of: b).parameter
        return left == right || !words.contains(left) || !words.contains(right)
    }
}
