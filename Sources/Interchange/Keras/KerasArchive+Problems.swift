// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

extension KerasArchive {
    static func problems(_ region: ByteRegion, path: String, full: Bool) -> [FileProblem] {
        do throws(InterchangeError) {
            let archive = try ZipArchive(region, path: path)
            var problems: [FileProblem] = []
            if archive[metadataName] == nil {
                problems.append(
                    FileProblem(object: metadataName, problem: "is missing from the archive"))
            }
            for member in archive.members where full {
                problems += checksumProblem(member, in: archive).map { [$0] } ?? []
            }
            var config: KerasConfig?
            do throws(InterchangeError) {
                config = try self.config(in: archive)
            } catch {
                problems.append(FileProblem(object: configName, problem: error.problem))
            }
            problems += try KerasWeightsFile.problems(
                weights(in: archive), config: config, format: .kerasArchive, path: path,
                full: full)
            return problems
        } catch {
            return [FileProblem(object: "", problem: error.problem)]
        }
    }

    private static func checksumProblem(
        _ member: ZipArchive.Member, in archive: ZipArchive
    ) -> FileProblem? {
        do throws(InterchangeError) {
            guard try !archive.hasSoundChecksum(member) else { return nil }
            return FileProblem(
                object: member.name, problem: "its bytes do not have the checksum that is stated")
        } catch {
            return FileProblem(object: member.name, problem: error.problem)
        }
    }
}
