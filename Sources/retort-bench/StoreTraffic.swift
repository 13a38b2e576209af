// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import Tensors

/// A writer that commits without pause, and readers that hold each state they see against what the
/// writer can have committed: `tools/readers` runs one of the first and four of the second.
enum StoreTraffic {
    /// Checkpoints that are kept; every commit adds one and removes one.
    private static let kept = 5

    /// `retort-bench writer STORE SECONDS`
    static func write(_ path: String, seconds: Double) throws -> JSON {
        let writer = try StoreWriter.openOrCreate(path: path)
        defer { writer.close() }
        let deadline = ContinuousClock.now + .seconds(seconds)
        var number = 0
        while ContinuousClock.now < deadline {
            try writer.append(checkpoint: content(number), named: "net@\(number)")
            if number >= kept { try writer.remove(.checkpoint, named: "net@\(number - kept)") }
            try writer.commit()
            number += 1
        }
        return ["commits": .integer(number)]
    }

    /// `retort-bench reader STORE SECONDS`: opens the store again and again.
    static func read(_ path: String, seconds: Double) throws -> JSON {
        let deadline = ContinuousClock.now + .seconds(seconds)
        var waits: [Double] = []
        var problems: [JSON] = []
        var newest = -1
        while ContinuousClock.now < deadline {
            do {
                let start = ContinuousClock.now
                let store = try Store.open(path: path)
                let wait = (ContinuousClock.now - start).components
                waits.append(Double(wait.seconds) * 1e3 + Double(wait.attoseconds) * 1e-15)
                if let problem = try problem(of: store, &newest) {
                    problems.append(.string(problem))
                }
            } catch {
                problems.append(.string("\(error)"))
            }
        }
        waits.sort()
        func percentile(_ share: Double) -> JSON {
            .number(
                waits.isEmpty ? 0 : waits[min(waits.count - 1, Int(Double(waits.count) * share))])
        }
        return [
            "passes": .integer(waits.count), "bad": .integer(problems.count),
            "first_problems": .array(Array(problems.prefix(3))), "newest": .integer(newest),
            "open_ms_p50": percentile(0.5), "open_ms_p99": percentile(0.99),
            "open_ms_max": percentile(1),
        ]
    }

    /// Why a state is none that the writer has committed, or is older than one seen before.
    private static func problem(of store: Store, _ newest: inout Int) throws -> String? {
        if let problem = store.verify(full: true).first { return "\(problem.object): \(problem)" }
        let numbers = store.entries.compactMap { entry in
            entry.name.description.split(separator: "@").last.flatMap { Int($0) }
        }.sorted()
        guard let last = numbers.last else { return "the store is empty" }
        guard last >= newest else { return "\(last) is seen after \(newest)" }
        newest = last
        let expected = Array(max(0, last - kept + 1)...last)
        guard Array(Set(numbers)).sorted() == expected else {
            return "\(numbers) are there, expected \(expected)"
        }
        for number in expected {
            let found = try store.checkpoint(named: "net@\(number)").tensors
            guard found["weight"] == content(number).tensors["weight"] else {
                return "checkpoint \(number) has other weights"
            }
        }
        return nil
    }

    private static func content(_ number: Int) -> CheckpointContent {
        var tensors = NamedTensors()
        tensors["weight"] = Tensor(
            (0..<4_000).map { Float(number * 31 + $0) }, shape: [40, 100])
        tensors["bias"] = Tensor([Float(number)], shape: [1])
        return CheckpointContent(tensors: tensors)
    }
}
