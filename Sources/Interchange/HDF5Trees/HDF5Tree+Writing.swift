// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

extension HDF5Tree {
    /// Writes each entry as a dataset whose path is its name.
    static func write(_ content: WeightContent, to path: String) throws(InterchangeError) {
        try checkPaths(content.entries.map(\.name), path: path)
        try HDF5Export.write(to: path) { (export) throws(InterchangeError) in
            try export.writeMetadata(content.metadata)
            var written = WrittenObjects()
            for entry in content.entries {
                try export.write(entry, at: entry.name, sharing: written.object(sharedBy: entry))
                written.add(entry, at: entry.name)
                if let source = entry.sourceName {
                    try export.set(.text(source), "source_name", at: entry.name)
                }
            }
        }
    }

    /// Makes sure that all names can be paths of one tree.
    ///
    /// - Throws: ``InterchangeError`` naming the first that cannot: not a path, or in the way of
    ///   another.
    static func checkPaths(_ names: [String], path: String) throws(InterchangeError) {
        var taken: [String: Bool] = [:]
        for name in names {
            let parts = name.split(separator: "/", omittingEmptySubsequences: false)
            guard !name.utf8.contains(0), parts.count <= 60,
                parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
            else {
                throw InterchangeError(
                    .unsupported, path, "'\(name)' cannot be the path of an HDF5 dataset")
            }
            var prefix = ""
            for (index, part) in parts.enumerated() {
                prefix += (index == 0 ? "" : "/") + part
                let isDataset = index == parts.count - 1
                if let before = taken[prefix], before || isDataset {
                    throw InterchangeError(
                        .unsupported, path,
                        "'\(prefix)' would be both a dataset and another object of that name")
                }
                taken[prefix] = isDataset
            }
        }
    }
}
