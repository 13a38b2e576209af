// SPDX-License-Identifier: Apache-2.0

import CFuzzer
import Glibc

/// `retort-fuzz TARGET [libFuzzer's options] [folders of inputs]`.
@main
enum Fuzzer {
    nonisolated(unsafe) private static var target = FuzzTarget.any

    static func main() {
        guard CommandLine.argc > 1, let name = CommandLine.unsafeArgv[1],
            let target = FuzzTarget(rawValue: String(cString: name))
        else {
            let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
            print("usage: retort-fuzz TARGET [options] [folders]; targets: \(names)")
            exit(64)
        }
        self.target = target
        // The driver gets the arguments without the target.
        var count = CommandLine.argc - 1
        CommandLine.unsafeArgv[1] = CommandLine.unsafeArgv[0]
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? =
            CommandLine.unsafeArgv + 1
        exit(
            LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
                Fuzzer.target.run(UnsafeRawBufferPointer(start: bytes, count: count))
                return 0
            })
    }
}
