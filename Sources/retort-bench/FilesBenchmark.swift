// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors

/// Opening files that `tools/peers/files.py` has written, 256 MB each, and touching every page.
enum FilesBenchmark {
    static func run(_ context: RetortBench.Context) throws -> [String: Double] {
        var figures: [String: Double] = [:]
        for (name, file) in [("safetensors", "safetensors"), ("pt", "pt"), ("hdf5", "h5")] {
            figures["load_256_mb_\(name)_seconds"] = try openAndTouch(
                context.folder + "/load." + file)
        }
        return figures
    }

    /// The median of five.
    private static func openAndTouch(_ path: String) throws -> Double {
        let times = try (0..<5).map { _ in
            try seconds {
                var sum: Float = 0
                for entry in try WeightFile.open(path).entries {
                    try entry.tensor().withUnsafeBytes { bytes in
                        // One element a page: what mapping costs, not what summing costs.
                        for offset in stride(from: 0, to: bytes.count, by: 4096) {
                            sum += bytes.loadUnaligned(fromByteOffset: offset, as: Float.self)
                        }
                    }
                }
                precondition(sum.isFinite)
            }
        }
        return times.sorted()[2]
    }
}
