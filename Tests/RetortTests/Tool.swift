// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors

/// The built tool, run as a user runs it.
struct Tool {
    struct Result {
        let status: Int32
        let wasSignalled: Bool
        let output: String
        let errors: String

        /// Standard output as one JSON object.
        func json() throws -> JSON { try JSON(parsing: output) }
    }

    /// Where relative paths start.
    let folder: URL

    private static var executable: URL {
        Bundle.main.bundleURL.appendingPathComponent("retort")
    }

    /// Runs the tool to its end.
    @discardableResult
    func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Result {
        let running = try start(arguments, environment: environment)
        return running.wait()
    }

    @discardableResult
    func run(_ arguments: String...) throws -> Result { try run(arguments) }

    /// - Parameter environment: variables beside those of the tests themselves.
    func start(_ arguments: [String], environment: [String: String] = [:]) throws -> Running {
        let process = Process()
        if !environment.isEmpty {
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        }
        process.executableURL = Self.executable
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let outputFile = folder.appendingPathComponent("stdout-\(UUID().uuidString)")
        let errorFile = folder.appendingPathComponent("stderr-\(UUID().uuidString)")
        // Files rather than pipes: nothing can fill up and block, whatever is printed.
        for file in [outputFile, errorFile] {
            try Data().write(to: file)
        }
        process.standardOutput = try FileHandle(forWritingTo: outputFile)
        process.standardError = try FileHandle(forWritingTo: errorFile)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return Running(process: process, outputFile: outputFile, errorFile: errorFile)
    }

    struct Running {
        let process: Process
        let outputFile: URL
        let errorFile: URL

        func wait() -> Result {
            process.waitUntilExit()
            return Result(
                status: process.terminationStatus,
                wasSignalled: process.terminationReason == .uncaughtSignal,
                output: (try? String(contentsOf: outputFile, encoding: .utf8)) ?? "",
                errors: (try? String(contentsOf: errorFile, encoding: .utf8)) ?? "")
        }

        /// Waits until the store at `path` has `name`, for at most a minute.
        func waitUntil(_ condition: () -> Bool) -> Bool {
            let deadline = Date().addingTimeInterval(60)
            while Date() < deadline {
                if condition() { return true }
                if !process.isRunning { return condition() }
                usleep(5_000)
            }
            return false
        }
    }
}
