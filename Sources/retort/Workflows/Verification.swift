// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import HDF5
import Interchange
import Tensors

/// Whether a file is what its format and its own digests say: what `retort verify` finds out.
struct Verification {
    let path: String
    /// Also read every payload that has a checksum or a digest.
    var full = false
    /// What `retort convert` wrote when it made the file; nil to go without.
    var certificate: String?

    /// What a loader will do with the file.
    struct Prognosis {
        let lines: [String]
        /// What the loader will stumble over first; nil when it will load.
        let firstMismatch: String?
    }

    struct Outcome {
        let path: String
        let format: String
        /// The format in a sentence: `PyTorch file`.
        let title: String
        let isFull: Bool
        var problems: [FileProblem] = []
        /// References of a store that lead nowhere; see ``BrokenReference/isUnsound``.
        var broken: [BrokenReference] = []
        /// What was held against what, and what was not looked at.
        var checked: [String] = []
        var unchecked: [String] = []
        var remarks: [String] = []
        var doctor: Prognosis?

        var isSound: Bool { problems.isEmpty && !broken.contains(where: \.isUnsound) }
    }

    /// - Throws: the sentence of the library that cannot read the file: it is not there, of no
    ///   known format, or sound and of a kind that Retort does not read.
    func run() throws -> Outcome {
        var outcome = try judge()
        if let certificate { try holdAgainstCertificate(certificate, &outcome) }
        return outcome
    }

    private func judge() throws -> Outcome {
        if Self.isFolder(path) { return try verifyFolder() }
        let file: HDF5File
        do throws(HDF5Error) {
            file = try HDF5File(path: path)
        } catch {
            switch error.kind {
            case .notHDF5: return try verifyForeign()
            case .damaged, .limit, .mismatch: return damagedHDF5(error)
            default: throw error
            }
        }
        let isStore = (try? file.root.attribute("format")?.string()) == "retort-store"
        return isStore ? try verifyStore() : try verifyForeign()
    }

    private func damagedHDF5(_ error: HDF5Error) -> Outcome {
        let problems = Store.problems(inDamaged: path, full: full)
        let format: WeightFormat = problems == nil ? .hdf5 : .store
        var outcome = Outcome(
            path: path, format: format.rawValue, title: format.title, isFull: full)
        // What kept the file from being opened, then what else a store's objects suffer from.
        let first = FileProblem(object: error.object, problem: error.reason)
        outcome.problems =
            [first]
            + (problems ?? []).map { FileProblem(object: $0.object, problem: $0.problem) }
            .filter { $0.description != first.description }
        outcome.unchecked = ["everything behind the damage"]
        outcome.remarks = [
            (problems == nil ? "if this is a Retort store: " : "") + Self.salvageAdvice
        ]
        return outcome
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}

extension Verification {
    /// Anybody's file: its format's rules, then whether everything in it can be read.
    func verifyForeign() throws -> Outcome {
        let problems: [FileProblem]
        do throws(InterchangeError) {
            problems = try WeightFile.problems(path, full: full)
        } catch {
            return try refused(error)
        }
        let file: WeightFile
        do throws(InterchangeError) {
            file = try WeightFile.open(path)
        } catch {
            var outcome = try refused(error)
            if !problems.isEmpty { outcome.problems = problems }
            return outcome
        }
        var outcome = Outcome(
            path: path, format: file.format.rawValue, title: file.format.title, isFull: full)
        outcome.problems = problems
        outcome.remarks = file.remarks
        outcome.checked = ["the structure by every rule of the format"]
        if full {
            let (unreadable, digests) = Self.payloadProblems(of: file)
            let known = Set(problems.map(\.object))
            outcome.problems += unreadable.filter { !known.contains($0.object) }
            if digests > 0 { outcome.checked.append("\(digests) digests that the file states") }
        }
        if file.format.hasChecksums {
            if full {
                outcome.checked.append("the checksum of every payload that has one")
            } else {
                outcome.unchecked.append("payloads: --full reads them and their checksums")
            }
        } else {
            outcome.unchecked.append(
                "payloads: a \(file.format.title) has no checksums, so changed numbers do not show")
        }
        outcome.doctor = Self.prognosis(for: file)
        return outcome
    }

    /// A file that was recognised and breaks its format is unsound; one that cannot be read, is of
    /// no known format or needs what Retort does not have is not judged.
    private func refused(_ error: InterchangeError) throws(InterchangeError) -> Outcome {
        switch error.kind {
        case .malformed, .mismatch:
            var outcome = Outcome(path: path, format: "unknown", title: "file", isFull: full)
            outcome.problems = [FileProblem(object: "", problem: error.problem)]
            outcome.unchecked = ["everything behind the damage"]
            return outcome
        case .unreadable, .unsupported, .specification: throw error
        }
    }

    /// Entries whose elements cannot be read or are not what the file's own digest says, one
    /// tensor in memory at a time.
    ///
    /// - Returns: the problems, and how many digests were held against their tensors.
    private static func payloadProblems(of file: WeightFile) -> ([FileProblem], Int) {
        var problems: [FileProblem] = []
        var digests = 0
        for entry in file.entries where entry.elementType != nil {
            do throws(InterchangeError) {
                let tensor = try entry.tensor()
                guard let stated = entry.digest else { continue }
                digests += 1
                let found = tensor.digest()
                tensor.releasePages()
                guard found != stated else { continue }
                problems.append(
                    FileProblem(
                        object: entry.name,
                        problem: "its bytes have changed: found the digest \(found.short), "
                            + "expected \(stated.short)"))
            } catch {
                problems.append(FileProblem(object: entry.name, problem: error.problem))
            }
        }
        return (problems, digests)
    }
}

extension WeightFormat {
    /// Whether the format can carry checksums of payloads: CRC-32 of zip members, fletcher32 of
    /// HDF5 chunks, a store's digests.
    var hasChecksums: Bool {
        switch self {
        case .kerasArchive, .pytorch, .npz, .store, .kerasWeights, .kerasLegacy, .hdf5: true
        case .safetensors, .shardedSafetensors, .pytorchLegacy, .npy, .onnx, .gguf: false
        }
    }
}
