// SPDX-License-Identifier: Apache-2.0

import CFuzzer
import Glibc

/// One parser of untrusted bytes, called by a name on the command line.
public protocol FuzzTarget: RawRepresentable<String>, CaseIterable, Sendable {
    func run(_ bytes: UnsafeRawBufferPointer)
}

/// `PROGRAM TARGET [libFuzzer's options] [folders of inputs]`.
public enum Fuzzer {
    nonisolated(unsafe) private static var run: (UnsafeRawBufferPointer) -> Void = { _ in }

    public static func main<Target: FuzzTarget>(_ targets: Target.Type) -> Never {
        guard CommandLine.argc > 1, let name = CommandLine.unsafeArgv[1],
            let target = Target(rawValue: String(cString: name))
        else {
            let names = Target.allCases.map(\.rawValue).joined(separator: ", ")
            print(
                "usage: \(CommandLine.arguments[0]) TARGET [options] [folders]; targets: \(names)")
            exit(64)
        }
        run = { target.run($0) }
        // The driver gets the arguments without the target.
        var count = CommandLine.argc - 1
        CommandLine.unsafeArgv[1] = CommandLine.unsafeArgv[0]
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? =
            CommandLine.unsafeArgv + 1
        exit(
            LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
                Fuzzer.run(UnsafeRawBufferPointer(start: bytes, count: count))
                return 0
            })
    }
}
