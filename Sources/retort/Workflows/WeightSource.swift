// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import HDF5
import Interchange
import Tensors
import Training

/// Any file of weights as named tensors: a checkpoint of a store, or anybody's file.
struct WeightSource {
    var file: WeightFile
    /// Where the file is a store.
    var store: Store?
    var checkpoint: Checkpoint?

    /// Opens the file; no payload is read.
    ///
    /// - Parameter checkpoint: which of a store's checkpoints; may be left out when it has one.
    /// - Throws: the sentence of the library that refuses the file, or ``Failure`` when the
    ///   checkpoint is not named and there are several.
    init(_ path: String, checkpoint name: String? = nil) throws {
        if Self.isStore(path) {
            let store = try Store.open(path: path)
            let checkpoint = try store.checkpoint(
                named: name ?? Self.onlyCheckpoint(of: store))
            self.store = store
            self.checkpoint = checkpoint
            file = try WeightFile(checkpoint, in: store)
        } else {
            guard name == nil else {
                throw Failure("\(path): is not a Retort store, so it has no checkpoint to name")
            }
            file = try WeightFile.open(path)
        }
        file.takeCarriedModel()
    }

    /// The file alone.
    static func open(_ path: String, checkpoint: String? = nil) throws -> WeightFile {
        try WeightSource(path, checkpoint: checkpoint).file
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
        let record = SourceRecord(json: checkpoint.metadata[SourceRecord.metadataKey])
        let roles = graph?.roles ?? [:]
        let tensors = checkpoint.tensors
        let entries = checkpoint.manifest.compactMap { stated -> WeightEntry? in
            guard let tensor = tensors[stated.name] else { return nil }
            var entry = WeightEntry(name: stated.name, tensor: tensor, role: roles[stated.name])
            entry.digest = stated.digest
            entry.sourceName = record?.names[stated.name]
            return entry
        }
        var model = ModelDescription()
        if graph != nil {
            model.graph = checkpoint.architecture
            for entry in entries where entry.role != nil {
                model.parameters[entry.name] = entry.name
            }
        } else {
            model.notes = ["the checkpoint has no architecture"]
        }
        self.init(
            path: store.path, format: .store, byteCount: entries.reduce(0) { $0 + $1.byteCount },
            entries: entries, metadata: checkpoint.metadata.objectValue ?? [:], model: model)
    }

    /// Takes from the metadata what ``CarriedModel`` put there, and says what every tensor is
    /// where the file or what it carries knows its graph.
    mutating func takeCarriedModel() {
        let carried = CarriedModel.contents(of: metadata)
        metadata = carried.metadata
        if let configuration = carried.configuration, model?.source == nil {
            model = model ?? ModelDescription()
            model?.source = configuration
        }
        defer { recallKinds() }
        guard model?.graph == nil else { return completeRoles() }
        guard let graph = carried.graph else { return }
        do {
            try bind(
                Graph(json: graph), stated: carried.parameters, ambiguous: carried.layout)
        } catch {
            model = model ?? ModelDescription()
            model?.notes.append("the graph that it carries does not fit: \(error)")
        }
    }

    /// Restores what a graph does not tell apart: Keras's depthwise layers of one channel, and
    /// plain ones of as many groups as channels.
    private mutating func recallKinds() {
        guard format.nameFamily == .other,
            let kinds = SourceRecord(json: metadata[SourceRecord.metadataKey])?.kinds,
            !kinds.isEmpty
        else { return }
        for index in entries.indices {
            guard let role = entries[index].role, let kind = kinds[role.layer] else { continue }
            entries[index].role?.kind = kind
            // In PyTorch's layout only one channel leaves that open, and then it is all of them.
            if kind == .depthwiseConvolution, role.depthMultiplier == nil, role.layout == .pytorch {
                let channels = entries[index].shape.dimensions.first
                entries[index].role?.depthMultiplier = channels
            }
        }
    }

    /// Gives a role to the entries that hold parameters of the file's own graph and have none:
    /// they are laid out as the graph has them.
    private mutating func completeRoles() {
        guard let model, let json = model.graph, let graph = try? Graph(json: json) else { return }
        let roles = graph.roles
        for index in entries.indices {
            guard let parameter = model.parameters[entries[index].name],
                let role = roles[parameter]
            else { continue }
            guard let own = entries[index].role else {
                entries[index].role = role
                continue
            }
            if own.depthMultiplier == nil {
                entries[index].role?.depthMultiplier = role.depthMultiplier
            }
        }
    }
}
