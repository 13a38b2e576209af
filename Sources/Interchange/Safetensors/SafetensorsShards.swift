// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A model of several safetensors files and the index that names them (Hugging Face's layout).
///
/// The index and the files are checked both ways: a stale or missing shard would load as a model
/// with other weights.
enum SafetensorsShards: WritableWeightCodec {
    private static let largestShardCount = 10_000

    static func isIndex(_ bytes: UnsafeRawBufferPointer) -> Bool { ShardIndex.isStart(bytes) }

    static func open(_ region: ByteRegion, path: String) throws(InterchangeError) -> WeightFile {
        let index = ShardIndex(region.bytes)
        if let fault = index.faults.list.first { throw fault.error(path, "tensor") }
        let folder = InputFolder(of: path)
        var file = WeightFile(
            path: path, format: .shardedSafetensors, byteCount: region.count, entries: [])
        var headerByteCount = region.count
        var agreement = ShardAgreement(index)
        for name in try fileNames(of: index, path: path) {
            let shardPath = try locate(name, in: folder, path: path)
            let region = try InputFile.map(shardPath)
            let shard = try SafetensorsFile.open(region, path: folder.folder + "/" + name)
            for entry in shard.entries {
                agreement.note(entry.name, in: name, byteCount: entry.byteCount)
            }
            file.byteCount += shard.byteCount
            file.entries += shard.entries
            // Shards repeat what they all say; the first one counts, and the index beyond it.
            file.metadata.merge(shard.metadata) { first, _ in first }
            headerByteCount += shard.metadataByteCount ?? 0
        }
        agreement.finish()
        if let fault = agreement.faults.list.first { throw fault.error(path, "tensor") }
        if let problem = agreement.totalProblem { file.remarks.append(problem) }
        file.metadata.merge(index.metadata) { _, stated in stated }
        file.metadataByteCount = headerByteCount
        file.entries.sort { NaturalOrder.precedes($0.name, $1.name) }
        return file
    }

    static func problems(_ region: ByteRegion, path: String, full: Bool) -> [FileProblem] {
        let index = ShardIndex(region.bytes)
        let folder = InputFolder(of: path)
        var problems = index.faults.list.map(\.fileProblem)
        var agreement = ShardAgreement(index)
        do throws(InterchangeError) {
            for name in try fileNames(of: index, path: path) {
                do throws(InterchangeError) {
                    let region = try InputFile.map(locate(name, in: folder, path: path))
                    let header = SafetensorsHeader(region.bytes)
                    problems += header.faults.list.map { fault in
                        let object = fault.object.isEmpty ? name : "\(name): \(fault.object)"
                        return FileProblem(object: object, problem: fault.problem)
                    }
                    // What a damaged header lists says nothing of the index.
                    guard header.faults.list.isEmpty else { continue }
                    for entry in header.entries {
                        agreement.note(entry.name, in: name, byteCount: entry.range.count)
                    }
                } catch {
                    problems.append(FileProblem(object: name, problem: error.problem))
                }
            }
        } catch {
            problems.append(FileProblem(object: "", problem: error.problem))
        }
        guard problems.isEmpty else { return problems }
        agreement.finish()
        problems = agreement.faults.list.map(\.fileProblem)
        if let problem = agreement.totalProblem {
            problems.append(FileProblem(object: "metadata", problem: problem))
        }
        return problems
    }

    private static func fileNames(
        of index: ShardIndex, path: String
    ) throws(InterchangeError) -> [String] {
        let names = index.fileNames
        guard names.count <= largestShardCount else {
            throw InterchangeError(
                .unsupported, path, found: "\(names.count) shards",
                expected: "at most \(largestShardCount)")
        }
        return names
    }

    private static func locate(
        _ name: String, in folder: InputFolder, path: String
    ) throws(InterchangeError) -> String {
        guard let file = try folder.locate(name) else {
            throw InterchangeError(
                .unreadable, path, "the shard '\(name)' that the index names is not there")
        }
        return file
    }
}

/// Compares what an index says with what the shards hold.
private struct ShardAgreement {
    private(set) var faults = FormatFaults()
    private let index: ShardIndex
    private var missing: [String: String]
    private var byteCount = 0

    init(_ index: ShardIndex) {
        self.index = index
        missing = index.shards
    }

    /// Takes note of a tensor that a shard holds.
    mutating func note(_ tensor: String, in shard: String, byteCount: Int) {
        self.byteCount += byteCount
        guard let stated = index.shards[tensor] else {
            faults.note(tensor, "the shard '\(shard)' holds it, and the index does not name it")
            return
        }
        guard stated == shard else {
            faults.note(
                tensor, "found it in the shard '\(shard)', expected it in '\(stated)' only")
            return
        }
        missing[tensor] = nil
    }

    /// Takes note of the tensors that no shard held.
    mutating func finish() {
        for (tensor, shard) in missing.sorted(by: { NaturalOrder.precedes($0.key, $1.key) }) {
            faults.note(tensor, "the shard '\(shard)' lacks it, where the index says it is")
        }
    }

    /// Files whose index was copied from another type of the same model are not rare and read
    /// the same, so a wrong total makes no file unreadable.
    var totalProblem: String? {
        guard index.metadata["total_size"] != nil, index.totalByteCount != byteCount else {
            return nil
        }
        let stated = index.metadata["total_size"]?.text() ?? ""
        return "found a total_size of \(stated), expected \(byteCount), what the tensors take"
    }
}
