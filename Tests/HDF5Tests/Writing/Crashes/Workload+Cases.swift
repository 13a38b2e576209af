// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

extension Workload {
    static let all: [Workload] = [
        Workload("append a checkpoint", [{ try checkpoint("third", 3, $0) }]),
        Workload("create a store", before: nil, [{ try twoCheckpoints($0) }]),
        Workload(
            "append twice",
            [{ try checkpoint("third", 3, $0) }, { try checkpoint("fourth", 4, $0) }]
        ),
        Workload(
            "move the name of the newest",
            [
                { writer in
                    try checkpoint("third", 3, writer)
                    try writer.unlink("checkpoints/newest")
                    try writer.link("checkpoints/third", at: "checkpoints/newest")
                }
            ]),
        Workload(
            "delete, then write",
            [
                { try $0.unlink("checkpoints/first") },
                { try checkpoint("first", 9, $0) },
            ]),
        Workload(
            "replace attributes",
            [
                { writer in
                    for index in 0..<12 {
                        try writer.setAttribute(
                            .string(String(repeating: "v", count: 40 + index)), named: "a\(index)",
                            at: "checkpoints/second")
                    }
                    try writer.setAttribute(.integer(2), named: "format_version", at: "/")
                },
                { try $0.setAttribute(.string("short"), named: "a3", at: "checkpoints/second") },
            ]),
        spread,
        Workload(
            "write a table",
            [{ try $0.writeTable(patterned(.f32, [300, 10]), at: "logits", rowsPerChunk: 64) }]),
        Workload(
            "grow a group until it changes its form",
            [
                { writer in
                    for index in 0..<20 {
                        try writer.write(patterned(.u8, [90]), at: "checkpoints/many/t\(index)")
                    }
                },
                { try $0.unlink("checkpoints/many/t7") },
            ]),
        softLabelsAndSets,
        trainingRun,
        manyCheckpoints,
        compaction,
    ]

    /// Changes metadata in many pages of a file at once.
    static let spread = Workload(
        "change attributes all over the file",
        before: { writer in
            for index in 0..<90 {
                try writer.write(Tensor([Float(index)], shape: [1]), at: "g\(index / 10)/t\(index)")
                try writer.setAttribute(.string("old state"), named: "state", at: "g\(index / 10)")
            }
        },
        [
            { writer in
                for index in 0..<9 {
                    try writer.setAttribute(.string("new state"), named: "state", at: "g\(index)")
                    try writer.write(patterned(.f32, [200]), at: "g\(index)/new")
                }
            }
        ])

    /// A store with two checkpoints, of which the second has a second name.
    static func twoCheckpoints(_ writer: HDF5Writer) throws {
        try writer.setAttribute(.string("retort-store"), named: "format", at: "/")
        try writer.setAttribute(.integer(1), named: "format_version", at: "/")
        try checkpoint("first", 1, writer)
        try checkpoint("second", 2, writer)
        try writer.link("checkpoints/second", at: "checkpoints/newest")
    }

    static func checkpoint(_ name: String, _ seed: UInt32, _ writer: HDF5Writer) throws {
        let path = "checkpoints/" + name
        for (index, shape) in ([[3, 3, 1, 8], [8], [40, 40], [10]] as [Shape]).enumerated() {
            try writer.write(
                patterned(.f32, shape, seed: seed &+ UInt32(index)),
                at: path + "/tensors/layer\(index)/weight")
            try writer.setAttribute(
                .string("OI"), named: "axes", at: path + "/tensors/layer\(index)/weight")
        }
        try writer.writeText("{\"seed\": \(seed)}", at: path + "/metadata")
        try writer.writeRecords(
            [HDF5Field("name", .string(byteCount: 8)), HDF5Field("digest", .array(.u8, count: 4))],
            count: 2, bytes: Array("weight\0\0abcdbias\0\0\0\0efgh".utf8), at: path + "/manifest")
        try writer.setAttribute(.string("digest of \(seed)"), named: "digest", at: path)
    }
}
