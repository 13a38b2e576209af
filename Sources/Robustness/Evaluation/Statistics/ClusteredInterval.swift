// SPDX-License-Identifier: Apache-2.0

import Tensors

/// An interval for a share of rows that are not independent, because several stem from one image
/// (one source attacked towards nine targets, say): images are drawn again, not rows.
public enum ClusteredInterval {
    public static let resamples = 2000

    /// The 2.5 % and 97.5 % quantiles of the share over resamples of whole clusters (Davison and
    /// Hinkley, "Bootstrap methods and their application", 1997, section 3.8). A pure function of
    /// its arguments; nil when no cluster has two rows, where Wilson's interval is the better one. Where
    /// all rows agree it is Wilson's for as many clusters.
    ///
    /// - Parameters:
    ///   - hits: one for each row.
    ///   - clusters: the number of the image each row stems from.
    public static func interval(
        hits: [Bool], clusters: [Int], seed: UInt64 = 0
    ) -> ClosedRange<Double>? {
        var totals: [Int: (hits: Int, rows: Int)] = [:]
        for (hit, cluster) in zip(hits, clusters) {
            totals[cluster, default: (0, 0)].hits += hit ? 1 : 0
            totals[cluster, default: (0, 0)].rows += 1
        }
        guard totals.count < hits.count else { return nil }
        // Resamples of a share of 0 or 1 are all alike; Wilson's interval for as many clusters is not.
        if Set(hits).count == 1 {
            return Rate(hits[0] ? totals.count : 0, of: totals.count).interval
        }
        let groups = totals.sorted { $0.key < $1.key }.map(\.value)
        let shares = (0..<resamples).map { resample in
            var stream = RandomStream(seed: seed, purpose: .bootstrap, row: UInt64(resample))
            var (hits, rows) = (0, 0)
            for _ in groups.indices {
                let group = groups[stream.integer(below: groups.count)]
                hits += group.hits
                rows += group.rows
            }
            return Double(hits) / Double(rows)
        }.sorted()
        let tail = resamples / 40
        return shares[tail - 1]...shares[resamples - tail]
    }
}

extension RandomStream.Purpose {
    /// Resampling of rows for an interval.
    static let bootstrap = RandomStream.Purpose(rawValue: 10)
}
