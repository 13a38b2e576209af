// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

/// The `.h5` of Keras 2 and tf.keras (`keras/src/legacy/saving/legacy_h5_format.py`): lists of
/// names in attributes say which datasets belong to which layer, and in which order they load.
enum KerasLegacyFile: WritableWeightCodec {
    static func open(_ region: ByteRegion, path: String) throws(InterchangeError) -> WeightFile {
        try open(HDF5Tree.file(region, path: path), path: path)
    }

    static func open(_ file: HDF5File, path: String) throws(InterchangeError) -> WeightFile {
        let tree = try DatasetTree(file, path: path)
        let lists = try KerasNameLists(file, path: path)
        let config = try KerasWeightsFile.config(of: file, path: path)
        let datasets = Dictionary(
            tree.datasets.map { ($0.name, $0.dataset) }, uniquingKeysWith: { first, _ in first })
        let roles = KerasLegacyRoles(
            lists, plan: config?.model.map(KerasPlan.init),
            shapes: datasets.mapValues(\.shape))

        var entries: [WeightEntry] = []
        var ties = TiedDatasets()
        var listed: Set<String> = []
        for weight in lists.weights {
            guard let dataset = datasets[weight.path], listed.insert(weight.path).inserted else {
                continue
            }
            entries.append(
                ties.entry(dataset, name: weight.path, path: path, role: roles.role(of: weight)))
        }
        for found in tree.datasets where !listed.contains(found.name) {
            entries.append(ties.entry(found.dataset, name: found.name, path: path))
        }
        var opened = WeightFile(
            path: path, format: .kerasLegacy, byteCount: file.region.count, entries: entries,
            metadata: file.root.metadata(excluding: ["model_config"])
                .filter { !$0.key.hasPrefix("layer_names") },
            remarks: tree.remarks + lists.remarks(datasets.keys),
            metadataByteCount: file.space.metadata)
        config?.describe(&opened)
        return opened
    }
}

/// The lists of names in a legacy file.
struct KerasNameLists {
    struct Weight {
        /// The outermost layer; nil for weights of the model itself and of the optimizer.
        let layer: String?
        /// As the list has it: `conv2d/kernel:0`.
        let name: String
        /// The dataset's path in the file.
        let path: String
    }

    /// `model_weights`, or empty where the layers' groups are at the root.
    let root: String
    let layerNames: [String]
    private(set) var weights: [Weight] = []
    /// Layers without a group or without a list of weights, and what is wrong with them.
    private(set) var gaps: [FileProblem] = []

    /// - Throws: ``InterchangeError`` when a list is not one of texts.
    init(_ file: HDF5File, path: String) throws(InterchangeError) {
        // Keras looks below `model_weights` only where the root has no list.
        let whole = file.root.hasList("layer_names") ? nil : file.root["model_weights"]?.group
        root = whole == nil ? "" : "model_weights"
        let base = whole ?? file.root
        layerNames = try base.list("layer_names", path: path)
        var seen: Set<String> = []
        for layer in layerNames where seen.insert(layer).inserted {
            try add(layer, in: file, object: joined(layer), path: path)
        }
        let own = joined("top_level_model_weights")
        if file.object(at: own)?.group != nil {
            try add(nil, in: file, object: own, path: path)
        }
        if file.root["optimizer_weights"]?.group != nil {
            try add(nil, in: file, object: "optimizer_weights", path: path)
        }
    }

    private func joined(_ name: String) -> String { root.isEmpty ? name : root + "/" + name }

    private mutating func add(
        _ layer: String?, in file: HDF5File, object: String, path: String
    ) throws(InterchangeError) {
        guard let group = file.object(at: object)?.group else {
            gaps.append(
                FileProblem(object: object, problem: "is in 'layer_names' and is no group"))
            return
        }
        if !group.hasList("weight_names") {
            gaps.append(FileProblem(object: object, problem: "has no attribute 'weight_names'"))
        }
        for name in try group.list("weight_names", path: path) {
            weights.append(Weight(layer: layer, name: name, path: object + "/" + name))
        }
    }

    /// What a reader should know of the lists.
    func remarks(_ datasets: some Sequence<String>) -> [String] {
        let there = Set(datasets)
        return gaps.map { "'\($0.object)' \($0.problem)" }
            + weights.filter { !there.contains($0.path) }
            .map { "'\($0.path)' is in 'weight_names' and is no dataset" }
    }
}

extension HDF5Group {
    /// A list of names: one attribute, or several called `name0`, `name1`, ... where one would
    /// have been longer than an object header takes. An empty list is an empty array of numbers.
    func list(_ name: String, path: String) throws(InterchangeError) -> [String] {
        if let attribute = attribute(name) {
            return try texts(attribute, path: path)
        }
        var all: [String] = []
        var part = 0
        while let attribute = attribute("\(name)\(part)") {
            all += try texts(attribute, path: path)
            part += 1
        }
        return all
    }

    private func texts(
        _ attribute: HDF5Attribute, path file: String
    ) throws(InterchangeError) -> [String] {
        do throws(HDF5Error) {
            return try attribute.strings()
        } catch {
            throw InterchangeError(.malformed, file, "\(path): \(error.reason)")
        }
    }
}
