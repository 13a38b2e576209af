// SPDX-License-Identifier: Apache-2.0

@testable import HDF5

extension Workload {
    /// Rewrites a store without what was removed from it; the new file takes the old one's name.
    static let compaction = Workload(
        "compact", before: nil, replaces: { try worn($0) },
        [
            { writer in
                let old = RecordedFile(try Workload("worn", before: { try worn($0) }, []).base())
                let source = try HDF5Writer.open(path: "old.h5", operations: old)
                defer { source.close() }
                let file = try HDF5File(reading: old, name: "old.h5", patience: .zero)
                try writer.copyContents(of: source, root: file.root)
            }
        ])

    private static func worn(_ writer: HDF5Writer) throws {
        try twoCheckpoints(writer)
        for index in 3..<9 { try checkpoint("number-\(index)", UInt32(index), writer) }
        for index in [3, 5, 6] { try writer.unlink("checkpoints/number-\(index)") }
    }
}
