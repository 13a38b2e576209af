// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc

@main
struct Retort: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "retort",
        abstract: "Keep models, their soft labels and their adversarial sets in one HDF5 file.",
        discussion: """
            A store holds everything behind a robustness claim: checkpoints, the teacher's logits a \
            student was distilled from, and the adversarial sets both were judged on, tied together \
            by content digests. Nothing in a file is ever executed.

            Exit codes: 0 done, 2 the work failed, 64 the command line was wrong, 130 interrupted.

            EXAMPLES:
              retort demo --out demo
              retort inspect demo/demo.retort.h5
            """,
        version: version,
        subcommands: [
            Inspect.self, Diff.self, Convert.self, Verify.self, List.self, Lineage.self, Train.self,
            Label.self, Distill.self, Sweep.self,
            Attack.self,
            Evaluate.self, Report.self, Import.self, Export.self, Copy.self, Remove.self,
            Compact.self, Salvage.self, Demo.self,
        ])

    /// Like ArgumentParser's own `main`, but a failure of the work exits 2 with one sentence;
    /// usage errors keep exit code 64.
    static func main() {
        // A file-size limit is an error like a full disk, not a reason to die.
        signal(SIGXFSZ, SIG_IGN)
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            Console.error(failure.description)
            Glibc.exit(failure.exitCode)
        } catch let error where isSentence(error) {
            Console.error("\(error)")
            Glibc.exit(2)
        } catch {
            exit(withError: error)
        }
    }
}
