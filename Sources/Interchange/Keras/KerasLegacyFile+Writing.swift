// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

extension KerasLegacyFile {
    /// Writes a whole model where the structure is known, else weights alone.
    static func write(_ content: WeightContent, to path: String) throws(InterchangeError) {
        let config = try KerasTargetConfig.find(content, modern: false, path: path)
        let placement = KerasLegacyPlacement(content, config)
        try KerasTargetConfig.requireAll(placement.missing, path: path)
        let stated = CarriedModel.contents(of: content.metadata).metadata
        let version = stated["keras_version"]?.stringValue ?? "3.0.0"
        let backend = stated["backend"]?.stringValue ?? "tensorflow"
        let root = placement.root.isEmpty ? "/" : placement.root

        try HDF5Export.write(to: path) { (export) throws(InterchangeError) in
            try export.writeMetadata(
                content.metadata,
                reserved: ["layer_names", "backend", "keras_version", "model_config"])
            if let config {
                try export.set(
                    .text(KerasConfig.legacy(config.json).text()), "model_config", at: "/")
                try export.set(.text(backend), "backend", at: "/")
                try export.set(.text(version), "keras_version", at: "/")
            }
            if !placement.root.isEmpty { try export.makeGroup(root) }
            try export.set(list: placement.layers.map(\.name), "layer_names", at: root)
            if root != "/" || config == nil {
                try export.set(.text(backend), "backend", at: root)
                try export.set(.text(version), "keras_version", at: root)
            }
            var written = WrittenObjects()
            for layer in placement.layers {
                try write(
                    layer, in: placement.root.isEmpty ? "" : root + "/", export, &written)
            }
            try writeOthers(placement, export, &written)
        }
    }

    private static func write(
        _ layer: KerasLegacyPlacement.Layer, in prefix: String, _ export: HDF5Export,
        _ written: inout WrittenObjects
    ) throws(InterchangeError) {
        let group = prefix + layer.name
        try export.makeGroup(group)
        try export.set(list: layer.weights.map(\.name), "weight_names", at: group)
        for weight in layer.weights {
            let object = group + "/" + weight.name
            try export.write(
                weight.entry, at: object, sharing: written.object(sharedBy: weight.entry))
            written.add(weight.entry, at: object)
            try export.noteSource(of: weight.entry, at: object)
        }
    }

    /// What belongs to the model as a whole, and what is in no list.
    private static func writeOthers(
        _ placement: KerasLegacyPlacement, _ export: HDF5Export, _ written: inout WrittenObjects
    ) throws(InterchangeError) {
        if !placement.root.isEmpty {
            let own = placement.root + "/top_level_model_weights"
            try export.makeGroup(own)
            try export.set(list: [], "weight_names", at: own)
        }
        for item in placement.others {
            try export.write(
                item.entry, at: item.path, sharing: written.object(sharedBy: item.entry))
            written.add(item.entry, at: item.path)
            try export.noteSource(of: item.entry, at: item.path)
        }
        let optimizer = "optimizer_weights/"
        let names = placement.others.map(\.path).filter { $0.hasPrefix(optimizer) }
        guard !names.isEmpty else { return }
        try export.set(
            list: names.map { String($0.dropFirst(optimizer.count)) }, "weight_names",
            at: "optimizer_weights")
    }
}

extension HDF5Export {
    /// Sets a list of names as Keras does: in parts called `name0`, `name1`, ... where one
    /// attribute cannot hold it; an empty list as an empty array of numbers.
    func set(list: [String], _ name: String, at object: String) throws(InterchangeError) {
        // Each takes 16 bytes of the 64,000 that an attribute has.
        let most = 4_000
        if list.isEmpty {
            try set(.doubles([]), name, at: object)
        } else if list.count <= most {
            try set(.texts(list), name, at: object)
        } else {
            for (part, start) in stride(from: 0, to: list.count, by: most).enumerated() {
                let end = min(start + most, list.count)
                try set(.texts(Array(list[start..<end])), "\(name)\(part)", at: object)
            }
        }
    }
}
