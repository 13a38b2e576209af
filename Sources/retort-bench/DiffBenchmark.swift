// SPDX-License-Identifier: Apache-2.0

import Glibc
import Interchange
import Tensors

/// The comparison of two mapped 400 MB files, without the process around it: what memory and
/// arithmetic allow. `tools/peers/files.py` times whole processes beside their peers.
enum DiffBenchmark {
    static func run(_ context: RetortBench.Context) throws -> [String: Double] {
        let paths = ["a", "equal", "changed"].map { context.folder + "/diff-\($0)" }
        defer { for path in paths { unlink(path) } }
        for (index, path) in paths.enumerated() {
            try write(path, nudge: index == 2 ? 1e-4 : 0)
        }
        let files = try paths.map(entries)
        var figures: [String: Double] = [:]
        for (name, other) in [("equal", files[1]), ("changed", files[2])] {
            figures["diff_mapped_400_mb_\(name)_seconds"] = try (0..<5).map { _ in
                try seconds {
                    let comparison = WeightComparison(files[0], other)
                    guard comparison.isEqual == (name == "equal") else {
                        throw TensorError("the comparison is wrong")
                    }
                }
            }.min()!
        }
        return figures
    }

    private static let tensorCount = 40
    private static let elementCount = 2_500_000

    private static func write(_ path: String, nudge: Float) throws {
        var stream = RandomStream(seed: 3, purpose: .test)
        let values = (0..<elementCount).map { _ in stream.uniform() - 0.5 + nudge }
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard file >= 0 else { throw TensorError("\(path): cannot be written") }
        defer { close(file) }
        for _ in 0..<tensorCount {
            let written = values.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard written == elementCount * 4 else { throw TensorError("\(path): disk full") }
        }
    }

    private static func entries(_ path: String) throws -> [WeightEntry] {
        let region = try ByteRegion(mappingFile: path)
        return try (0..<tensorCount).map { index in
            let tensor = try Tensor(
                .f32, shape: [elementCount], viewing: region, at: index * elementCount * 4)
            return WeightEntry(name: "layer\(index).weight", tensor: tensor)
        }
    }
}
