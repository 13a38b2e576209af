// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

/// Keras 3's `.weights.h5` (`keras/src/saving/saving_lib.py`): each layer's variables are datasets
/// 0, 1, ... in a group `vars` below the layer's path, which names classes and not layers.
enum KerasWeightsFile: WritableWeightCodec {
    static func open(_ region: ByteRegion, path: String) throws(InterchangeError) -> WeightFile {
        try open(HDF5Tree.file(region, path: path), path: path)
    }

    static func open(_ file: HDF5File, path: String) throws(InterchangeError) -> WeightFile {
        let config = try config(of: file, path: path)
        return try open(file, config: config, format: .kerasWeights, path: path)
    }

    /// The configuration in a legacy file's attribute, or in the one that Retort adds to weights
    /// where it knows the model: Keras itself writes none there.
    static func config(
        of file: HDF5File, path: String
    ) throws(InterchangeError) -> KerasConfig? {
        let attribute =
            file.root.attribute("model_config")
            ?? file.root.attribute(CarriedModel.configurationKey)
        guard let text = (try? attribute?.string()) ?? nil else { return nil }
        return try KerasConfig(parsing: text, path: path)
    }

    /// Opens the weights in `file`, of a model whose configuration is known or not.
    static func open(
        _ file: HDF5File, config: KerasConfig?, format: WeightFormat, path: String
    ) throws(InterchangeError) -> WeightFile {
        let tree = try DatasetTree(file, path: path)
        let names = KerasLayerNames(file.root)
        let plan = config?.model.map(KerasPlan.init)
        let planned = Dictionary(
            (plan?.variables ?? []).map { ($0.path, $0.role) },
            uniquingKeysWith: { first, _ in first }
        )
        var roles = KerasPathRoles(tree.datasets.map(\.name), names)
        var ties = TiedDatasets()
        var entries: [WeightEntry] = []
        for found in tree.datasets {
            let role = planned[Self.current(found.name)] ?? roles.role(of: found.name)
            entries.append(ties.entry(found.dataset, name: found.name, path: path, role: role))
        }
        var opened = WeightFile(
            path: path, format: format, byteCount: file.region.count, entries: entries,
            metadata: file.root.metadata(excluding: ["model_config"]),
            remarks: tree.remarks + (config == nil ? roles.remarks : []),
            metadataByteCount: file.space.metadata)
        config?.describe(&opened)
        return opened
    }

    /// The path in today's words: Keras 2.13 had another name for `layers`.
    static func current(_ name: String) -> String {
        guard name.hasPrefix("_layer_checkpoint_dependencies/") else { return name }
        return name.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0 == "_layer_checkpoint_dependencies" ? "layers" : String($0) }
            .joined(separator: "/")
    }
}
