// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

extension KerasWeightsFile {
    static func problems(_ region: ByteRegion, path: String, full: Bool) -> [FileProblem] {
        do throws(InterchangeError) {
            return problems(try HDF5Tree.file(region, path: path), path: path, full: full)
        } catch {
            return [FileProblem(object: "", problem: error.problem)]
        }
    }

    static func problems(_ file: HDF5File, path: String, full: Bool) -> [FileProblem] {
        do throws(InterchangeError) {
            let config = try config(of: file, path: path)
            return try problems(
                file, config: config, format: .kerasWeights, path: path, full: full)
        } catch {
            return [FileProblem(object: "", problem: error.problem)]
        }
    }

    /// What breaks the rules of Keras's loader, of a file and of its place beside `config`.
    static func problems(
        _ file: HDF5File, config: KerasConfig?, format: WeightFormat, path: String, full: Bool
    ) throws(InterchangeError) -> [FileProblem] {
        var problems = try HDF5Tree.problems(of: file, path: path, full: full)
        let tree = try DatasetTree(file, path: path)
        var counts: [String: Int] = [:]
        for found in tree.datasets {
            if let trap = found.dataset.keras16BitTrap {
                problems.append(FileProblem(object: found.name, problem: trap))
            }
            let parts = found.name.split(separator: "/")
            guard parts.count > 1, parts[parts.count - 2] == "vars" else { continue }
            if let variable = KerasVariablePath(found.name) {
                counts[variable.group, default: 0] += 1
            } else {
                problems.append(
                    FileProblem(
                        object: found.name,
                        problem: "is no numbered variable, and Keras counts it as one"))
            }
        }
        // A gap in the numbers: Keras asks for 0, 1, ... and counts what is there.
        for found in tree.datasets {
            guard let variable = KerasVariablePath(found.name),
                let count = counts[variable.group], variable.index >= count
            else { continue }
            problems.append(
                FileProblem(
                    object: found.name,
                    problem: "has the number \(variable.index) among \(count) variables, which are"
                        + " numbered from 0"))
        }
        if config != nil {
            let opened = try open(file, config: config, format: format, path: path)
            problems += KerasDoctor.problems(of: opened)
        }
        return problems
    }
}

extension HDF5Dataset {
    /// What Keras's attribute `dtype` does to elements that are not the opaque ones it belongs to.
    var keras16BitTrap: String? {
        guard let texts = attribute("dtype").flatMap({ try? $0.strings() }),
            texts == ["bfloat16"]
        else { return nil }
        if case .opaque = datatype { return nil }
        return "has an attribute 'dtype' of 'bfloat16' beside elements of type \(datatype), which"
            + " Keras fails to read"
    }
}
