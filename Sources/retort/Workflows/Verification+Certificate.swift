// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Tensors

extension Verification {
    /// Holds every tensor of the file against the digest that the certificate of its conversion
    /// states: what formats without checksums cannot do themselves.
    func holdAgainstCertificate(_ path: String, _ outcome: inout Outcome) throws {
        let (stated, checkpoint) = try Self.certificate(path)
        let file: WeightFile
        do {
            file = try WeightSource.open(self.path, checkpoint: checkpoint)
        } catch  where !outcome.problems.isEmpty {
            // What keeps the file from being opened has been said.
            return
        }
        var left = stated
        for entry in file.entries {
            guard let expected = left.removeValue(forKey: entry.name) else {
                outcome.problems.append(
                    FileProblem(object: entry.name, problem: "is not in the certificate"))
                continue
            }
            do throws(InterchangeError) {
                let tensor = try entry.tensor()
                defer { tensor.releasePages() }
                let found = tensor.digest()
                guard found != expected else { continue }
                outcome.problems.append(
                    FileProblem(
                        object: entry.name,
                        problem: "is not what was written: found the digest \(found.short), "
                            + "expected \(expected.short) by the certificate"))
            } catch {
                outcome.problems.append(FileProblem(object: entry.name, problem: error.problem))
            }
        }
        outcome.problems += left.keys.sorted().map {
            FileProblem(object: $0, problem: "is in the certificate and not in the file")
        }
        outcome.checked.append("\(stated.count) digests of the certificate")
        outcome.unchecked.removeAll { $0.hasPrefix("payloads: ") }
    }

    /// Digests by the names that the converted file has, and the checkpoint where it is a store.
    private static func certificate(_ path: String) throws -> ([String: Digest], String?) {
        let region = try ByteRegion(mappingFile: path)
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: region.bytes)
        } catch {
            throw Failure("\(path): \(error.description)")
        }
        guard json["certificate"] == "retort-conversion-1", let lines = json["tensors"]?.arrayValue
        else {
            throw Failure("\(path): expected a certificate that 'retort convert' has written")
        }
        var digests: [String: Digest] = [:]
        for line in lines {
            guard let name = line["target"]?.stringValue,
                let digest = line["target_digest"]?.stringValue
            else { throw Failure("\(path): a tensor lacks its name or its digest") }
            digests[name] = try Digest(hexadecimal: digest)
        }
        return (digests, json["target"]?["checkpoint"]?.stringValue)
    }
}
