// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import HDF5
import Interchange
import Tensors
import Training

/// Any file of weights as named tensors: a checkpoint of a store, or anybody's file.
enum WeightSource {
    /// Opens the file; no payload is read.
    ///
    /// - Parameter checkpoint: which of a store's checkpoints; may be left out when it has one.
    /// - Throws: the sentence of the library that refuses the file, or ``Failure`` when the
    ///   checkpoint is not named and there are several.
    static func open(_ path: String, checkpoint: String? = nil) throws -> WeightFile {
        guard isStore(path) else {
            guard checkpoint == nil else {
                throw Failure("\(path): is not a Retort store, so it has no checkpoint to name")
            }
            return try WeightFile.open(path)
        }
        let store = try Store.open(path: path)
        let name = try checkpoint ?? onlyCheckpoint(of: store)
        return try WeightFile(store.checkpoint(named: name), in: store)
    }

    /// Whether the file is a Retort store, by its content.
    static func isStore(_ path: String) -> Bool {
        guard let file = try? HDF5File(path: path) else { return false }
        return (try? file.root.attribute("format")?.string()) == "retort-store"
    }

    private static func onlyCheckpoint(of store: Store) throws -> String {
        let names = OfflineEvaluation.modelNames(store)
        guard let name = names.first else { throw Failure("\(store.path): has no checkpoints") }
        guard names.count == 1 else {
            throw Failure(
                "\(store.path): has \(names.count) checkpoints, name one of "
                    + names.joined(separator: ", "))
        }
        return name
    }
}

extension WeightFile {
    /// A checkpoint of a store. Names are the store's (`conv1/weight`), digests its manifest's.
    init(_ checkpoint: Checkpoint, in store: Store) throws {
        let graph =
            checkpoint.architecture == .null ? nil : try Graph(json: checkpoint.architecture)
        let roles = graph?.roles ?? [:]
        let tensors = checkpoint.tensors
        let entries = checkpoint.manifest.compactMap { stated -> WeightEntry? in
            guard let tensor = tensors[stated.name] else { return nil }
            var entry = WeightEntry(name: stated.name, tensor: tensor, role: roles[stated.name])
            entry.digest = stated.digest
            return entry
        }
        var model = ModelDescription()
        if graph != nil {
            model.graph = checkpoint.architecture
            for entry in entries { model.parameters[entry.name] = entry.name }
        } else {
            model.notes = ["the checkpoint has no architecture"]
        }
        self.init(
            path: store.path, format: .store, byteCount: entries.reduce(0) { $0 + $1.byteCount },
            entries: entries, metadata: checkpoint.metadata.objectValue ?? [:], model: model)
    }
}
