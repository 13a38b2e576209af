// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import HDF5
import Tensors

/// Reading the files that `tools/peers/reading.py` makes: a listing of 5,000 tensors in the oldest
/// and the newest form, 400 MB in one piece, 100 MB compressed, and two data sets at once.
enum ReadingBenchmark {
    static func run(_ context: RetortBench.Context) throws -> [String: Double] {
        let folder = context.folder + "/reading/"
        return [
            "list_5000_old_seconds": try best { try list(folder + "many-old.h5") },
            "list_5000_new_seconds": try best { try list(folder + "many-new.h5") },
            "map_400_mb_seconds": try best { _ = try tensor(folder + "large.h5", "x") },
            "touch_400_mb_seconds": try best { try touch(tensor(folder + "large.h5", "x")) },
            "read_gzip_seconds": try best { try touch(tensor(folder + "packed.h5", "x")) },
            "read_two_in_turn_seconds": try best { try readTwo(folder, atOnce: false) },
            "read_two_at_once_seconds": try best { try readTwo(folder, atOnce: true) },
        ]
    }

    private static func best(_ body: () throws -> Void) throws -> Double {
        try (0..<5).map { _ in try seconds(body) }.min()!
    }

    /// Name, type, shape and attributes of everything in the file.
    private static func list(_ path: String) throws {
        let file = try HDF5File(path: path)
        var count = 0
        var groups = [file.root]
        while let group = groups.popLast() {
            for (_, object) in group.members {
                switch object {
                case .group(let inner): groups.append(inner)
                case .dataset(let dataset):
                    count += dataset.shape.rank + dataset.attributes.count
                    precondition(dataset.elementType == .f32)
                default: preconditionFailure("an object of another kind")
                }
            }
        }
        precondition(count >= 5_000)
    }

    private static func tensor(_ path: String, _ name: String) throws -> Tensor {
        guard let dataset = try HDF5File(path: path).object(at: name)?.dataset else {
            throw TensorError("\(path) has no \(name)")
        }
        return try dataset.tensor()
    }

    /// One element of each page: what bringing the bytes here costs, not what summing costs.
    private static func touch(_ tensor: Tensor) throws {
        let total = tensor.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 4096).reduce(Float(0)) {
                $0 + bytes.loadUnaligned(fromByteOffset: $1, as: Float.self)
            }
        }
        precondition(total.isFinite)
    }

    /// Two data sets of one chunk each, so that one thread decodes each of them.
    private static func readTwo(_ folder: String, atOnce: Bool) throws {
        let file = try HDF5File(path: folder + "two.h5")
        let datasets = ["a", "b"].map { file.object(at: $0)!.dataset! }
        if atOnce {
            DispatchQueue.concurrentPerform(iterations: 2) { index in
                precondition((try? datasets[index].tensor()) != nil)
            }
        } else {
            for dataset in datasets { _ = try dataset.tensor() }
        }
    }
}
