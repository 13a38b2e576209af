// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors

/// Runs commands one after the other and says what each took: `retort-bench measure FOLDER ::: A
/// B ::: C D` prints one JSON line for each; what command k prints is in FOLDER/k.out and k.err.
///
/// A program of its own, because the kernel counts the peak of whoever starts a process as the
/// process's own until it has grown beyond it: the one who starts it must be small.
enum Measurement {
    static func run(_ arguments: [String]) throws {
        let parts = arguments.split(separator: ":::", omittingEmptySubsequences: false)
        guard parts.count > 1, parts[0].count == 1, let folder = parts[0].first,
            parts.dropFirst().allSatisfy({ !$0.isEmpty })
        else { throw TensorError("usage: retort-bench measure FOLDER ::: COMMAND ... ::: ...") }
        for (index, command) in parts.dropFirst().enumerated() {
            print(try measure(Array(command), output: "\(folder)/\(index)"))
        }
    }

    private static func measure(_ command: [String], output: String) throws -> JSON {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output + ".out", flags, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, output + ".err", flags, 0o600)
        let texts = command.map { strdup($0) } + [nil]
        defer { for text in texts { free(text) } }
        var process = pid_t()
        let outcome = posix_spawn(&process, command[0], &actions, nil, texts, environ)
        guard outcome == 0 else {
            throw TensorError("\(command[0]): \(String(cString: strerror(outcome)))")
        }
        var status: CInt = 0
        var usage = rusage()
        guard wait4(process, &status, 0, &usage) == process else {
            throw TensorError("\(command[0]): cannot wait for it")
        }
        func seconds(_ time: timeval) -> Double {
            Double(time.tv_sec) + Double(time.tv_usec) * 1e-6
        }
        return [
            "exit": .integer(Int(status >> 8) & 0xFF),
            "signal": .integer(Int(status) & 0x7F),
            "peak_bytes": .integer(usage.ru_maxrss << 10),
            "cpu_seconds": .number(seconds(usage.ru_utime) + seconds(usage.ru_stime)),
        ]
    }
}
