// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import HDF5
import Tensors

/// Durable writes of 400 MB of weights, opening and touching 256 MB, compressed logits.
enum StoreBenchmark {
    static func run(_ context: RetortBench.Context) throws -> [String: Double] {
        let logits = try logitTimes(in: context.folder)
        return [
            "write_400_mb_seconds": try durableWrite(in: context.folder),
            "open_256_mb_seconds": try openAndTouch(in: context.folder),
            "write_logits_seconds": logits.write, "read_logits_seconds": logits.read,
        ]
    }

    private static func weights(megabytes: Int, tensors count: Int) throws -> NamedTensors {
        let size = megabytes << 20 / 4 / count
        var stream = RandomStream(seed: 0, purpose: .test)
        let block = (0..<65536).map { _ in stream.uniform() - 0.5 }
        var tensors = NamedTensors()
        for index in 0..<count {
            tensors["layer\(index)/weight"] = try Tensor(.f32, shape: [size]) { bytes in
                for start in stride(from: 0, to: size, by: block.count) {
                    block.withUnsafeBytes { block in
                        let target = bytes[(start * 4)...].prefix(block.count)
                        UnsafeMutableRawBufferPointer(rebasing: target).copyMemory(
                            from: UnsafeRawBufferPointer(rebasing: block[..<target.count]))
                    }
                }
            }
        }
        return tensors
    }

    private static func durableWrite(in folder: String) throws -> Double {
        let path = folder + "/ours-write.h5"
        defer { unlink(path) }
        let content = CheckpointContent(tensors: try weights(megabytes: 400, tensors: 40))
        return try seconds {
            let writer = try StoreWriter.create(path: path)
            try writer.append(checkpoint: content, named: "model")
            try writer.commit()
            writer.close()
        }
    }

    private static func openAndTouch(in folder: String) throws -> Double {
        let path = folder + "/ours-open.h5"
        defer { unlink(path) }
        let writer = try StoreWriter.create(path: path)
        try writer.append(
            checkpoint: CheckpointContent(tensors: try weights(megabytes: 256, tensors: 64)),
            named: "model")
        try writer.commit()
        writer.close()
        return try (0..<5).map { _ in
            try seconds {
                var total: Float = 0
                for (_, tensor) in try Store.open(path: path).checkpoint(named: "model").tensors {
                    // One element a page, as the peer does.
                    tensor.withUnsafeBytes { bytes in
                        for offset in stride(from: 0, to: bytes.count, by: 4096) {
                            total += bytes.loadUnaligned(fromByteOffset: offset, as: Float.self)
                        }
                    }
                }
                precondition(total.isFinite)
            }
        }.min()!
    }

    private static func logitTimes(in folder: String) throws -> (write: Double, read: Double) {
        let path = folder + "/ours-logits.h5"
        defer { unlink(path) }
        var stream = RandomStream(seed: 0, purpose: .test)
        let values = (0..<6_000_000).map { _ in stream.normal() * 8 }
        let logits = Tensor(values, shape: [600_000, 10])
        let write = try seconds {
            let writer = try HDF5Writer.create(path: path)
            try writer.writeTable(logits, at: "logits", rowsPerChunk: 16384)
            try writer.commit()
            writer.close()
        }
        let read = try seconds {
            let tensor = try HDF5File(path: path).object(at: "logits")!.dataset!.tensor()
            precondition(tensor.shape == logits.shape)
        }
        return (write, read)
    }
}
