// SPDX-License-Identifier: Apache-2.0

extension TensorStatistics.Histogram {
    /// Counts the finite elements, all of which lie in `lower`...`upper`.
    ///
    /// - Returns: nil when the bounds are equal, or so far apart that no width holds.
    init?(_ tensor: Tensor, from lower: Double, to upper: Double, binCount: Int) {
        let scale = Double(binCount) / (upper - lower)
        guard scale.isFinite, scale > 0 else { return nil }
        self.lower = lower
        self.upper = upper
        let blocks = ElementBlocks(count: tensor.shape.elementCount)
        let parts = blocks.results { range in
            tensor.withUnsafeBytes { bytes in
                let reader = NumberReader(bytes, tensor.elementType)
                return Self.counts(reader, range, from: lower, scale: scale, binCount: binCount)
            }
        }
        var total = [Int](repeating: 0, count: binCount)
        for part in parts {
            for (bin, count) in part.enumerated() { total[bin] += count }
        }
        counts = total
    }

    private static func counts(
        _ reader: NumberReader, _ range: Range<Int>, from lower: Double, scale: Double,
        binCount: Int
    ) -> [Int] {
        // Four tables in turn: neighbouring elements often share a bin, and adding to the same
        // number again would have to wait for the first addition to reach memory.
        withUnsafeTemporaryAllocation(of: Int.self, capacity: binCount * 4) { tables in
            tables.initialize(repeating: 0)
            let last = Double(binCount - 1)
            @inline(__always) func add(_ index: Int, _ value: Double) {
                guard value.isFinite else { return }
                let bin = Int(Swift.max(0, Swift.min(last, (value - lower) * scale)))
                tables[(index & 3) &* binCount &+ bin] &+= 1
            }
            if reader.isSingle {
                reader.forEachSingleRun(range) { run, count in
                    for index in 0..<count {
                        add(
                            index,
                            Double(
                                run.loadUnaligned(fromByteOffset: index &* 4, as: Float.self)))
                    }
                }
            } else {
                reader.forEachRun(range) { run, count in
                    for index in 0..<count { add(index, run[index]) }
                }
            }
            return (0..<binCount).map { bin in
                (0..<4).reduce(0) { $0 + tables[$1 * binCount + bin] }
            }
        }
    }
}
