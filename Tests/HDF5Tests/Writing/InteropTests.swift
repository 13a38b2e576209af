// SPDX-License-Identifier: Apache-2.0

import Foundation
@testable import HDF5
import Tensors
import TestSupport
import Testing

/// What stock HDF5 tools make of our files. They come with Debian's hdf5-tools.
@Suite(.enabled(if: StockTools.arePresent, "h5dump and h5ls are not installed"))
struct InteropTests {
    @Test(arguments: Workload.all)
    func h5dumpReadsCommittedAndRecoveredFiles(_ workload: Workload) throws {
        let recording = try workload.record()
        var states = [recording.base]
        var state = recording.base
        var hot = 0
        for operation in recording.log {
            state.apply(operation)
            if try Journal.read(from: RecordedFile(state)) != nil {
                hot += 1
                if hot % 4 == 1 { states.append(try CrashModel.openForWriting(state)) }
            }
        }
        for position in recording.commits.map(\.end) {
            state = recording.base
            for operation in recording.log[..<position] { state.apply(operation) }
            states.append(state)
        }
        for state in states where state.isNamed {
            try withTemporaryDirectory { folder in
                let path = folder.path + "/state.h5"
                try Data(state.bytes).write(to: URL(fileURLWithPath: path))
                let dump = try StockTools.run("h5dump", "-H", path)
                #expect(dump.status == 0, "\(dump.text.suffix(300))")
                let list = try StockTools.run("h5ls", "-r", path)
                let seen = try contents(of: state)
                // Below the second name of a group h5ls says only that it is the same.
                for object in seen.keys where object != "/" {
                    #expect(
                        list.text.contains(object.split(separator: "/").last ?? ""), "\(object)")
                }
            }
        }
    }

    @Test func h5dumpPrintsTheValuesThatWereWritten() throws {
        try withTemporaryDirectory { folder in
            let path = folder.path + "/values.h5"
            let writer = try HDF5Writer.create(path: path)
            try writer.write(Tensor([1.5, -2, 0.25], shape: [3]), at: "f32")
            try writer.write(
                Tensor(trusted: .bf16, shape: [2], values: [bfloat16(1.5), bfloat16(-3)]),
                at: "bf16")
            try writer.write(
                Tensor(trusted: .f16, shape: [2], values: [Float16(0.5), -2]), at: "f16")
            try writer.write(Tensor(trusted: .bool, shape: [2], values: [true, false]), at: "bool")
            try writer.writeTable(
                Tensor((0..<40).map(Float.init), shape: [20, 2]), at: "table", rowsPerChunk: 3)
            try writer.writeTable(patterned(.u8, [9, 100]), at: "noise", rowsPerChunk: 2)
            try writer.writeText("{'seed': 1}", at: "text")
            try writer.setAttribute(.string("OIHW"), named: "axes", at: "f32")
            try writer.commit()
            writer.close()
            func data(_ object: String) throws -> String {
                let dump = try StockTools.run("h5dump", "-y", "-w", "0", "-d", object, path)
                #expect(dump.status == 0)
                let text = dump.text
                let start = try #require(text.range(of: "DATA {"))
                return text[start.upperBound...].split(separator: "\n")[0]
                    .trimmingCharacters(in: .whitespaces)
            }
            #expect(try data("f32") == "1.5, -2, 0.25")
            #expect(try data("bf16") == "1.5, -3")
            #expect(try data("f16") == "0.5, -2")
            #expect(try data("bool") == "TRUE, FALSE")
            #expect(try data("text") == "\"{'seed': 1}\"")
            #expect(try data("table").hasPrefix("0, 1,"))
            #expect(try StockTools.run("h5dump", "-d", "table", path).text.contains("38, 39"))
            #expect(try StockTools.run("h5dump", "-d", "noise", path).status == 0)
            #expect(try StockTools.run("h5dump", "-a", "/f32/axes", path).text.contains("OIHW"))
        }
    }
}

private enum StockTools {
    static let arePresent = ["h5dump", "h5ls"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/" + $0)
    }

    static func run(_ tool: String, _ arguments: String...) throws -> (status: Int32, text: String)
    {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/" + tool)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let text = String(
            decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}
