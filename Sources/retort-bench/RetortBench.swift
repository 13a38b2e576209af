// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors

/// Runs one benchmark and prints its figures as JSON lines; `tools/benchmark` runs the peers
/// beside it and prints the ratios.
@main
enum RetortBench {
    static let benchmarks: [String: @Sendable (Context) throws -> [String: Double]] = [
        "training": TrainingBenchmark.run,
        "attacks": AttackBenchmark.run,
        "store": StoreBenchmark.run,
        "files": FilesBenchmark.run,
        "diff": DiffBenchmark.run,
        "durability": DurabilityBenchmark.run,
        "reading": ReadingBenchmark.run,
    ]

    struct Context {
        /// Where temporary files may be written.
        let folder: String
    }

    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == "measure" {
            do {
                return try Measurement.run(Array(arguments.dropFirst()))
            } catch {
                fail("\(error)", code: 2)
            }
        }
        if arguments.first == "hdf5-dump" {
            return HDF5Dump.run(Array(arguments.dropFirst()))
        }
        if arguments.count == 3, let path = arguments.dropFirst().first,
            let duration = arguments.last.flatMap(Double.init),
            let traffic = ["writer": StoreTraffic.write, "reader": StoreTraffic.read][
                arguments.first ?? ""]
        {
            do {
                return print(try traffic(path, duration).text())
            } catch {
                fail("\(error)", code: 2)
            }
        }
        guard let name = arguments.first, let benchmark = benchmarks[name] else {
            let names = benchmarks.keys.sorted().joined(separator: ", ")
            fail("usage: retort-bench NAME [FOLDER], NAME one of \(names)", code: 64)
        }
        do {
            let figures = try benchmark(Context(folder: arguments.dropFirst().first ?? "/tmp"))
            var record: [String: JSON] = ["who": "Retort"]
            for (figure, value) in figures { record[figure] = .number(value) }
            print(JSON.object(record))
        } catch {
            fail("\(error)", code: 2)
        }
    }

    private static func fail(_ message: String, code: CInt) -> Never {
        let line = Array("retort-bench: \(message)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
        exit(code)
    }
}

/// Seconds that `body` takes.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let elapsed = try clock.measure(body).components
    return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
}
