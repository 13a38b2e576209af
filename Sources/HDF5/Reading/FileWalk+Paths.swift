// SPDX-License-Identifier: Apache-2.0

extension FileWalk {
    /// Makes sure that everyone who follows the links comes to an end: no cycles, no path too
    /// long, and not so many ways through shared groups that listing them all takes for ever.
    func checkPaths() throws(HDF5Error) {
        var incoming = [Int](repeating: 0, count: nodes.count)
        for case .group(let group) in nodes {
            for child in group.children { incoming[child] += 1 }
        }
        guard incoming[0] == 0 else {
            throw HDF5Error(.unsupported, "hard links form a cycle through the root group")
        }
        var depth = [Int](repeating: 0, count: nodes.count)
        var paths = [Int](repeating: 0, count: nodes.count)
        paths[0] = 1
        var total = 1
        var ready = [0]
        var done = 0
        while let index = ready.popLast() {
            done += 1
            guard case .group(let group) = nodes[index] else { continue }
            for child in group.children {
                depth[child] = max(depth[child], depth[index] + 1)
                paths[child] += paths[index]
                total += paths[index]
                guard depth[child] <= ReadingGuard.deepestPath else {
                    throw HDF5Error(
                        .limit, object: path(of: index),
                        "groups are nested more than \(ReadingGuard.deepestPath) deep")
                }
                guard total <= ReadingGuard.mostPaths else {
                    throw HDF5Error(
                        .limit, "hard links make more than \(ReadingGuard.mostPaths) paths")
                }
                incoming[child] -= 1
                if incoming[child] == 0 { ready.append(child) }
            }
        }
        guard done == nodes.count else {
            let index = incoming.firstIndex { $0 > 0 } ?? 0
            throw HDF5Error(.unsupported, object: path(of: index), "hard links form a cycle")
        }
    }
}
