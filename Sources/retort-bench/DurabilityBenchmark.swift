// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import Tensors

/// What a durable commit costs beside writing the same bytes to the end of a file and syncing it,
/// both in turn, so that a device that slows down slows both.
enum DurabilityBenchmark {
    static func run(_ context: RetortBench.Context) throws -> [String: Double] {
        var figures: [String: Double] = [:]
        for (megabytes, rounds) in [(1, 60), (100, 7)] {
            let (commits, plain) = try times(megabytes, rounds: rounds, in: context.folder)
            figures["commit_\(megabytes)_mb_seconds"] = median(commits)
            figures["plain_\(megabytes)_mb_seconds"] = median(plain)
            figures["commit_\(megabytes)_mb_over_plain"] =
                median(zip(commits, plain).map { $0 / $1 })
        }
        return figures
    }

    private static func times(
        _ megabytes: Int, rounds: Int, in folder: String
    ) throws -> (commits: [Double], plain: [Double]) {
        let path = folder + "/durable.h5"
        let plainPath = folder + "/plain"
        let descriptor = open(plainPath, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o600)
        guard descriptor >= 0 else { throw TensorError("\(plainPath): cannot create") }
        defer {
            close(descriptor)
            unlink(plainPath)
            unlink(path)
        }
        let writer = try StoreWriter.create(path: path)
        defer { writer.close() }
        try writer.append(checkpoint: try content(megabytes, round: -1), named: "first")
        try writer.commit()
        var commits: [Double] = []
        var plain: [Double] = []
        for round in 0..<rounds {
            let content = try content(megabytes, round: round)
            commits.append(
                try seconds {
                    try writer.append(checkpoint: content, named: "round@\(round)")
                    try writer.commit()
                })
            plain.append(
                try seconds {
                    for (_, tensor) in content.tensors {
                        try tensor.withUnsafeBytes { try write($0, to: descriptor) }
                    }
                    guard fdatasync(descriptor) == 0 else { throw TensorError("cannot sync") }
                })
        }
        return (commits, plain)
    }

    /// Ten tensors of different values in each round: equal ones would be stored once.
    private static func content(_ megabytes: Int, round: Int) throws -> CheckpointContent {
        var tensors = NamedTensors()
        let count = megabytes << 20 / 40
        for index in 0..<10 {
            tensors["layer\(index)/weight"] = try Tensor(.f32, shape: [count]) { bytes in
                let numbers = bytes.bindMemory(to: Float.self)
                for position in numbers.indices {
                    numbers[position] = Float(position &* 7 &+ index &+ 1000 &* round)
                }
            }
        }
        return CheckpointContent(tensors: tensors)
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) throws {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
            guard count > 0 else { throw TensorError("cannot write") }
            done += count
        }
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted[sorted.count / 2]
    }
}
