// SPDX-License-Identifier: Apache-2.0

import Tensors

extension PyTorchFile {
    static func problems(_ region: ByteRegion, path: String, full: Bool) -> [FileProblem] {
        var problems = ZipArchive.problems(region, path: path, full: full)
        do throws(InterchangeError) {
            let archive = try TorchArchive(try ZipArchive(region, path: path))
            if let version = archive.version, Int(version).map({ $0 > 0 && $0 < 100 }) != true {
                problems.append(
                    FileProblem(
                        object: "version",
                        problem: "found '\(PickleText.escaped(version))', expected a number"))
            }
            try add(archive, to: &problems)
            if let constants = archive.constants { try add(constants, to: &problems) }
            _ = try archive.extra()
        } catch {
            // A directory that cannot be read is a problem that has been told already.
            if problems.isEmpty { problems.append(FileProblem(object: "", problem: error.problem)) }
        }
        return problems
    }

    private static func add(
        _ archive: TorchArchive, to problems: inout [FileProblem]
    ) throws(InterchangeError) {
        let pickle = try archive.pickle()
        let contents = try TorchContents(pickle, path: archive.path, object: archive.pickleName)
        problems += pickle.problems(object: archive.pickleName)
        if pickle.end < archive.pickleByteCount {
            problems.append(
                FileProblem(
                    object: archive.pickleName,
                    problem: "found \(archive.pickleByteCount - pickle.end) bytes after its end,"
                        + " expected none"))
        }
        problems += archive.problems(contents)
        for key in archive.storageKeys where !contents.storageKeys.contains(key) {
            problems.append(
                FileProblem(
                    object: "data/" + PickleText.escaped(key), problem: "no tensor uses the storage"
                ))
        }
    }
}

extension Pickle {
    /// What a loader that trusts the pickle would run.
    func problems(object: String) -> [FileProblem] {
        TorchRemarks.hazards(self).map { FileProblem(object: object, problem: $0) }
    }
}

extension TorchSource {
    /// Tensors that are malformed or not all there, storages that are too long, double keys.
    func problems(_ contents: TorchContents) -> [FileProblem] {
        var problems = contents.duplicates.map {
            FileProblem(object: $0, problem: "the key stands twice, expected once")
        }
        var seen: Set<String> = []
        for named in contents.arrays {
            let name = PickleText.escaped(named.name)
            switch named.array {
            case .malformed(let problem):
                problems.append(FileProblem(object: name, problem: problem))
            case .strided(let tensor):
                if let fault = fault(of: tensor) {
                    problems.append(FileProblem(object: name, problem: fault))
                } else if let found = byteCount(ofStorage: tensor.storage.key),
                    found > tensor.storage.byteCount, seen.insert(tensor.storage.key).inserted
                {
                    let key = PickleText.escaped(tensor.storage.key)
                    problems.append(
                        FileProblem(
                            object: name,
                            problem: "its storage '\(key)' has \(found) bytes, expected"
                                + " \(tensor.storage.byteCount)"))
                }
            case .numpy, .listed: break
            }
        }
        return problems
    }
}
