// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

extension HDF5Tree {
    static func problems(_ region: ByteRegion, path: String, full: Bool) -> [FileProblem] {
        do throws(InterchangeError) {
            let file = try file(region, path: path)
            switch kind(of: file) {
            case .store:
                return [FileProblem(object: "", problem: "is a Retort store")]
            case .kerasWeights: return KerasWeightsFile.problems(file, path: path, full: full)
            case .kerasLegacy: return KerasLegacyFile.problems(file, path: path, full: full)
            case .plain: return try problems(of: file, path: path, full: full)
            }
        } catch {
            return [FileProblem(object: "", problem: error.problem)]
        }
    }

    /// What is wrong with any HDF5 file, whoever wrote it: links out of the file, elements that
    /// are not in it and, when `full`, chunks that fail their checksums.
    static func problems(
        of file: HDF5File, path: String, full: Bool
    ) throws(InterchangeError) -> [FileProblem] {
        let tree = try DatasetTree(file, path: path)
        var problems = tree.remarks.map { FileProblem(object: "", problem: $0) }
        for found in tree.datasets {
            if let refusal = found.dataset.refusal {
                problems.append(FileProblem(object: found.name, problem: refusal))
            } else if full, let problem = damage(in: found.dataset) {
                problems.append(FileProblem(object: found.name, problem: problem))
            }
        }
        return problems
    }

    /// What reading compressed elements shows: chunks that fail their checksums. Digests that the
    /// file states are entries' own.
    private static func damage(in dataset: HDF5Dataset) -> String? {
        guard case .chunked = dataset.layout else { return nil }
        do throws(HDF5Error) {
            try dataset.withUnsafeBytes { _ in }
            return nil
        } catch {
            return error.reason
        }
    }
}
