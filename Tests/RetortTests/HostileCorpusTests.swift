// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

/// Every hostile file of the fixtures, given to every command that reads files: named or taken
/// as harmless, at once and within little memory, never a crash.
@Suite(.serialized) struct HostileCorpusTests {
    private static let files: [String] = {
        let fixtures = packageRoot.appendingPathComponent("Fixtures")
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: fixtures.path)) ?? []
        return folders.sorted().flatMap { folder -> [String] in
            let hostile = fixtures.appendingPathComponent(folder + "/hostile")
            let names = (try? FileManager.default.contentsOfDirectory(atPath: hostile.path)) ?? []
            return names.sorted().filter { !$0.hasSuffix(".py") && !$0.hasSuffix(".json") }
                .map { hostile.appendingPathComponent($0).path }
        }
    }()

    private static let tool = Bundle.main.bundleURL.appendingPathComponent("retort").path

    /// The exit codes that a command may end with; 1 is a verdict, 2 a refusal.
    private static func commands(_ file: String, into folder: String) -> [([String], Set<Int>)] {
        [
            (["inspect", file, "--stats"], [0, 2]),
            (["inspect", file, "--json"], [0, 2]),
            (["verify", file, "--full"], [0, 1, 2]),
            (["diff", file, file], [0, 2]),
            (["convert", file, folder + "/out.safetensors"], [0, 2]),
            (["convert", file, folder + "/out.npz"], [0, 2]),
        ]
    }

    private struct Run {
        let command: [String]
        let allowed: Set<Int>
        let exit: Int
        let signal: Int
        let peakBytes: Int
        let processorSeconds: Double
        let errors: String
        let output: String
    }

    /// What the commands took, one after the other.
    private static func measure(
        _ commands: [([String], Set<Int>)], in folder: URL
    ) throws -> [Run] {
        let process = Process()
        process.executableURL = Bundle.main.bundleURL.appendingPathComponent("retort-bench")
        process.arguments =
            ["measure", folder.path] + commands.flatMap { [":::", tool] + $0.0 }
        let report = folder.appendingPathComponent("report")
        try Data().write(to: report)
        process.standardOutput = try FileHandle(forWritingTo: report)
        try process.run()
        process.waitUntilExit()
        let lines = try String(contentsOf: report, encoding: .utf8).split(separator: "\n")
        try #require(lines.count == commands.count, "\(commands)")
        return try zip(commands, lines).enumerated().map { index, pair in
            let json = try JSON(parsing: String(pair.1))
            let errors = try Data(contentsOf: folder.appendingPathComponent("\(index).err"))
            let output = try Data(contentsOf: folder.appendingPathComponent("\(index).out"))
            return Run(
                command: pair.0.0, allowed: pair.0.1, exit: json["exit"]?.integerValue ?? -1,
                signal: json["signal"]?.integerValue ?? -1,
                peakBytes: json["peak_bytes"]?.integerValue ?? .max,
                processorSeconds: json["cpu_seconds"]?.doubleValue ?? .infinity,
                errors: String(decoding: errors, as: UTF8.self),
                output: String(decoding: output, as: UTF8.self))
        }
    }

    @Test func thereAreHostileFilesOfEveryFormat() {
        let folders = Set(Self.files.map { $0.split(separator: "/").dropLast(2).last ?? "" })
        #expect(Self.files.count >= 40)
        for format in ["hdf5", "keras", "npz", "onnx", "pytorch", "safetensors", "zip"] {
            #expect(folders.contains { $0 == format }, "\(format)")
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func hostileFilesAreNamedAtOnceWithinLittleMemory() throws {
        try withTemporaryDirectory { folder in
            let sound = fixture("store/sample.h5")
            let baseline = try Self.measure([(["inspect", sound], [0])], in: folder)[0].peakBytes
            let files = Self.files
            // Two processes at a time, each in a folder of its own.
            let runs = try concurrentMap(files) { file in
                let own = folder.appendingPathComponent(UUID().uuidString)
                try FileManager.default.createDirectory(
                    at: own, withIntermediateDirectories: true)
                return try Self.measure(Self.commands(file, into: own.path), in: own)
            }
            for run in runs.flatMap({ $0 }) {
                check(run, baseline: baseline)
            }
        }
    }

    private func check(_ run: Run, baseline: Int) {
        let what = run.command.joined(separator: " ")
        #expect(run.signal == 0, "\(what) crashed with signal \(run.signal): \(run.errors)")
        #expect(run.allowed.contains(run.exit), "\(what) exits \(run.exit): \(run.errors)")
        #expect(run.peakBytes < baseline + 64 << 20, "\(what) takes \(run.peakBytes) bytes")
        // Processor time, because other tests run beside this one.
        #expect(run.processorSeconds < 1, "\(what) takes \(run.processorSeconds) s")
        guard run.exit == 2 else { return }
        // A comparison that could not be made for some tensors is a report that names them.
        if run.command[0] == "diff", run.errors.isEmpty {
            #expect(run.output.contains("was not compared: "), "\(what): \(run.output)")
            return
        }
        let name = run.command[1].split(separator: "/").last ?? ""
        #expect(
            run.errors.hasPrefix("retort: ") && run.errors.contains(name), "\(what): \(run.errors)")
        #expect(run.errors.split(separator: "\n").count == 1, "\(what): \(run.errors)")
    }

    /// `body` for each value on all cores, in order.
    private func concurrentMap<Value: Sendable, Result: Sendable>(
        _ values: [Value], _ body: @Sendable (Value) throws -> Result
    ) throws -> [Result] {
        let outcomes = [Swift.Result<Result, any Error>?](
            unsafeUninitializedCapacity: values.count
        ) { buffer, count in
            nonisolated(unsafe) let slots = buffer
            DispatchQueue.concurrentPerform(iterations: values.count) { index in
                slots.initializeElement(
                    at: index, to: Swift.Result { try body(values[index]) })
            }
            count = values.count
        }
        return try outcomes.compactMap { try $0?.get() }
    }
}
