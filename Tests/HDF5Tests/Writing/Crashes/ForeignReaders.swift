// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Programs that we did not write, which must be able to read what a crash has left once the next
/// writer has opened it.
struct ForeignReaders {
    /// Those that are installed; h5py where `RETORT_H5PY` names a Python that has it.
    static let all: [ForeignReaders] = {
        var readers = [ForeignReaders(program: "/usr/bin/h5dump", arguments: [])]
        if let python = ProcessInfo.processInfo.environment["RETORT_H5PY"] {
            let script = """
                import h5py, sys
                def touch(name, item):
                    list(item.attrs.items())
                    if isinstance(item, h5py.Dataset): item[()]
                with h5py.File(sys.argv[1], "r") as file: file.visititems(touch)
                with h5py.File(sys.argv[1], "r+") as file: file.attrs["touched"] = 1
                """
            readers.append(ForeignReaders(program: python, arguments: ["-c", script]))
        }
        return readers.filter { FileManager.default.isExecutableFile(atPath: $0.program) }
    }()

    let program: String
    let arguments: [String]

    /// What the program says against a file, or nil.
    func problem(with state: FileState) throws -> String? {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("retort-crash-\(UUID().uuidString).h5")
        try Data(state.bytes).write(to: path)
        defer { try? FileManager.default.removeItem(at: path) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments + [path.path]
        process.standardOutput = FileHandle.nullDevice
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        if process.terminationReason == .exit, process.terminationStatus == 0 { return nil }
        return "\(program): \(String(decoding: text.suffix(300), as: UTF8.self))"
    }
}
