// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

/// Stores as large as they get, and as many commits.
extension Workload {
    /// One more checkpoint in a group of many, and one less.
    static let manyCheckpoints = Workload(
        "append to \(count) checkpoints and remove one",
        before: { writer in
            for index in 0..<count { try small("epoch-\(index)", index, writer) }
        },
        [
            { try small("epoch-\(count)", count, $0) },
            { try $0.unlink("checkpoints/epoch-50") },
        ])

    /// A training run that keeps every epoch, its log and a name for the newest.
    static let trainingRun = training(epochs: CrashEffort.isFull ? 40 : 4)

    /// One that is long enough to be killed at ten thousand moments.
    static let longTraining = training(epochs: 300)

    private static func training(epochs: Int) -> Workload {
        Workload(
            "train for \(epochs) epochs", before: nil,
            (0..<epochs).map { epoch in
                { writer in
                    try small("epoch-\(epoch)", epoch, writer)
                    if epoch > 0 { try writer.unlink("newest") }
                    try writer.link("checkpoints/epoch-\(epoch)", at: "newest")
                    try writer.setAttribute(.integer(Int64(epoch)), named: "epochs", at: "/")
                }
            })
    }

    /// What `label`, `attack` and `remove` do to a store that holds a model.
    static let softLabelsAndSets = Workload(
        "write soft labels and an adversarial set, then remove the labels",
        [
            { writer in
                try writer.writeTable(
                    patterned(.f32, [600, 10]), at: "soft_labels/a/logits", rowsPerChunk: 128)
                try writer.writeText("{\"temperature\": 40}", at: "soft_labels/a/metadata")
                try writer.setAttribute(.string("of first"), named: "teacher", at: "soft_labels/a")
            },
            { writer in
                try writer.writeTable(
                    patterned(.u8, [120, 8, 8, 1]), at: "adversarial/b/images", rowsPerChunk: 32)
                try writer.write(patterned(.i32, [120]), at: "adversarial/b/labels")
            },
            { try $0.unlink("soft_labels/a") },
        ])

    private static let count = CrashEffort.isFull ? 1_000 : 100

    private static func small(_ name: String, _ seed: Int, _ writer: HDF5Writer) throws {
        let path = "checkpoints/" + name
        try writer.write(patterned(.f32, [6], seed: UInt32(seed)), at: path + "/weight")
        try writer.setAttribute(.string("digest of \(seed)"), named: "digest", at: path)
    }
}
