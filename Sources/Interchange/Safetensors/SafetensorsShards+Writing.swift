// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors

extension SafetensorsShards {
    private static let indexSuffix = ".safetensors.index.json"

    /// Writes shards of at most 5 GB, as Hugging Face's libraries do.
    static func write(_ content: WeightContent, to path: String) throws(InterchangeError) {
        try write(content, to: path, maximumShardBytes: 5_000_000_000)
    }

    /// Writes `NAME-00001-of-0000N.safetensors` beside the index `NAME.safetensors.index.json`.
    ///
    /// Tensors fill the shards in the order of their names; one that is larger than a shard may
    /// be has its own. All files are complete on the disk before the first gets its name, and the
    /// index gets its name last.
    /// - Throws: ``InterchangeError`` as for a single file, and for other names of the index.
    static func write(
        _ content: WeightContent, to indexPath: String, maximumShardBytes: Int
    ) throws(InterchangeError) {
        guard indexPath.hasSuffix(indexSuffix), maximumShardBytes > 0 else {
            throw InterchangeError(
                .mismatch, indexPath,
                "the index of a sharded model is named"
                    + " NAME\(indexSuffix)")
        }
        try SafetensorsFile.check(content.entries, path: indexPath)
        let stem = String(indexPath.dropLast(indexSuffix.count))
        let shards = split(content.entries, maximumShardBytes)
        var staged: [(temporary: String, path: String)] = []
        do throws(InterchangeError) {
            var map: [String: JSON] = [:]
            for (number, entries) in shards.enumerated() {
                let path = "\(stem)-\(five(number + 1))-of-\(five(shards.count)).safetensors"
                let name = path.split(separator: "/").last.map(String.init) ?? path
                for entry in entries { map[entry.name] = .string(name) }
                let temporary = try OutputFile.stage(path) { (sink) throws(InterchangeError) in
                    try SafetensorsFile.write(
                        entries, metadata: SafetensorsFile.texts([:]), to: &sink, path: path)
                }
                staged.append((temporary, path))
            }
            let index = indexText(content, map)
            staged.append(
                (
                    try OutputFile.stage(indexPath) { (sink) throws(InterchangeError) in
                        try sink.write(index)
                    }, indexPath
                ))
            // The old index must not point to new shards of the same names while they change.
            if staged.dropLast().contains(where: { InputFile.exists($0.path) }) {
                unlink(indexPath)
            }
            while let (temporary, path) = staged.first {
                staged.removeFirst()
                try OutputFile.put(temporary, at: path)
            }
        } catch {
            for (temporary, _) in staged { unlink(temporary) }
            throw error
        }
    }

    private static func split(
        _ entries: [WeightEntry], _ maximumShardBytes: Int
    ) -> [[WeightEntry]] {
        var shards: [[WeightEntry]] = [[]]
        var room = maximumShardBytes
        for entry in entries.sorted(by: { NaturalOrder.precedes($0.name, $1.name) }) {
            if entry.byteCount > room, shards[shards.count - 1].isEmpty == false {
                shards.append([])
                room = maximumShardBytes
            }
            shards[shards.count - 1].append(entry)
            room -= min(room, entry.byteCount)
        }
        return shards
    }

    private static func indexText(_ content: WeightContent, _ map: [String: JSON]) -> [UInt8] {
        var metadata = content.metadata
        metadata["total_size"] = .integer(content.entries.reduce(0) { $0 + $1.byteCount })
        let index: JSON = .object(["metadata": .object(metadata), "weight_map": .object(map)])
        return Array((index.text(pretty: true) + "\n").utf8)
    }

    private static func five(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }
}
