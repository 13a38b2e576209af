// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The zip archive that `torch.save` writes since PyTorch 1.6, and TorchScript's archives.
///
/// The pickle inside is run by ``PickleMachine``, which imports nothing and calls nothing, so a
/// file may be opened whoever made it; ``WeightFile/remarks`` say what other loaders would have
/// run.
enum PyTorchFile: WritableWeightCodec {
    /// Where a file of ours keeps what has no place in PyTorch's format; PyTorch ignores it.
    static let extraName = "extra/retort.json"

    static func open(_ region: ByteRegion, path: String) throws(InterchangeError) -> WeightFile {
        let archive = try TorchArchive(try ZipArchive(region, path: path))
        let pickle = try archive.pickle()
        let contents = try TorchContents(pickle, path: path, object: archive.pickleName)
        var file = WeightFile(
            path: path, format: .pytorch, byteCount: region.count,
            entries: try archive.entries(contents), metadata: contents.metadata,
            remarks: TorchRemarks.all(pickle, contents))
        file.metadataByteCount = region.count - archive.payloadByteCount
        if archive.hasCode {
            file.remarks.append("it holds TorchScript code, which is not run")
        }
        if let constants = archive.constants {
            let pickle = try constants.pickle()
            let found = try TorchContents(pickle, path: path, object: constants.pickleName)
            file.remarks += TorchRemarks.hazards(pickle)
            for var entry in try constants.entries(found) {
                entry.name = "constants." + entry.name
                entry.sharedWith = entry.sharedWith.map { "constants." + $0 }
                if file[entry.name] == nil { file.entries.append(entry) }
            }
        }
        if archive.isBigEndian {
            file.remarks.append("its numbers are big-endian and turned when they are read")
        }
        if let extra = try archive.extra() { take(extra, into: &file) }
        return file
    }

    private static func take(_ extra: JSON, into file: inout WeightFile) {
        file.metadata = extra["metadata"]?.objectValue ?? [:]
        if let source = extra["model"] { file.model = ModelDescription(source: source) }
        guard let names = extra["source_names"]?.objectValue, !names.isEmpty else { return }
        for index in file.entries.indices {
            file.entries[index].sourceName = names[file.entries[index].name]?.stringValue
        }
    }
}

extension TorchRemarks {
    static func all(_ pickle: Pickle, _ contents: TorchContents) -> [String] {
        hazards(pickle) + classes(pickle) + wrappers(contents.arrays.map(\.name))
            + contents.duplicates.prefix(8).map { "the key '\($0)' stands twice; the later counts" }
            + contents.remarks
    }
}
