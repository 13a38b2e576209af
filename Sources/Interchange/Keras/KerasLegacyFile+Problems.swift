// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

extension KerasLegacyFile {
    static func problems(_ region: ByteRegion, path: String, full: Bool) -> [FileProblem] {
        do throws(InterchangeError) {
            return problems(try HDF5Tree.file(region, path: path), path: path, full: full)
        } catch {
            return [FileProblem(object: "", problem: error.problem)]
        }
    }

    static func problems(_ file: HDF5File, path: String, full: Bool) -> [FileProblem] {
        do throws(InterchangeError) {
            var problems = try HDF5Tree.problems(of: file, path: path, full: full)
            let lists = try KerasNameLists(file, path: path)
            problems += lists.gaps
            problems += try listProblems(file, lists, path: path)
            if try KerasWeightsFile.config(of: file, path: path) != nil {
                problems += KerasDoctor.problems(of: try open(file, path: path))
            }
            return problems
        } catch {
            return [FileProblem(object: "", problem: error.problem)]
        }
    }

    /// Lists and datasets against each other, both ways.
    private static func listProblems(
        _ file: HDF5File, _ lists: KerasNameLists, path: String
    ) throws(InterchangeError) -> [FileProblem] {
        var problems: [FileProblem] = []
        let datasets = Set(try DatasetTree(file, path: path).datasets.map(\.name))
        if lists.layerNames.isEmpty {
            problems.append(
                FileProblem(object: lists.root, problem: "has no layers in 'layer_names'"))
        }
        for name in duplicates(lists.layerNames) {
            problems.append(FileProblem(object: name, problem: "stands twice in 'layer_names'"))
        }
        for name in duplicates(lists.weights.map(\.path)) {
            problems.append(FileProblem(object: name, problem: "stands twice in 'weight_names'"))
        }
        for weight in lists.weights where !datasets.contains(weight.path) {
            problems.append(
                FileProblem(
                    object: weight.path, problem: "is in 'weight_names' and is no dataset"))
        }
        let listed = Set(lists.weights.map(\.path))
        let prefix = lists.root.isEmpty ? "" : lists.root + "/"
        let layers = Set(lists.layerNames)
        for name in datasets.subtracting(listed).sorted(by: NaturalOrder.precedes)
        where name.hasPrefix(prefix) {
            // At the root there may be anything beside the layers' groups.
            guard !prefix.isEmpty || name.isBelow(layers) else { continue }
            problems.append(
                FileProblem(object: name, problem: "is in no list, so nothing loads it"))
        }
        return problems
    }

    private static func duplicates(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { !seen.insert($0).inserted }
    }
}

extension String {
    /// Whether one of `groups` is on the path.
    fileprivate func isBelow(_ groups: Set<String>) -> Bool {
        indices.contains { self[$0] == "/" && groups.contains(String(self[..<$0])) }
    }
}
