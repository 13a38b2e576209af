// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

extension KerasWeightsFile {
    /// Writes weights that Keras loads into the model that the content is of, or into whatever
    /// model has such layers.
    static func write(_ content: WeightContent, to path: String) throws(InterchangeError) {
        let target = KerasTargetConfig(of: content.model?.source)
        let placement = KerasPlacement(content, target)
        try write(content, placement, modelName: target?.model.name, to: path)
    }

    static func write(
        _ content: WeightContent, _ placement: KerasPlacement, modelName: String?, to path: String
    ) throws(InterchangeError) {
        try HDF5Tree.checkPaths(placement.placed.map(\.path), path: path)
        try HDF5Export.write(to: path) { (export) throws(InterchangeError) in
            try export.writeMetadata(content.metadata)
            var variables: Set<String> = []
            for group in placement.groups where variables.insert(group.path).inserted {
                try export.makeGroup(group.path + "/vars")
                try export.set(.text(group.name), "name", at: group.path + "/vars")
            }
            var written = WrittenObjects()
            for item in placement.placed {
                try export.write(
                    item.entry, at: item.path, sharing: written.object(sharedBy: item.entry))
                written.add(item.entry, at: item.path)
                try export.noteSource(of: item.entry, at: item.path)
            }
            // Keras itself gives the model's own group its name, whatever is in it.
            let own = placement.placed.contains { KerasVariablePath($0.path)?.group == "" }
            if !own, !placement.groups.isEmpty || placement.placed.isEmpty {
                try export.makeGroup("vars")
            }
            if own || !placement.groups.isEmpty || placement.placed.isEmpty {
                try export.set(.text(modelName ?? "model"), "name", at: "vars")
            }
        }
    }
}

extension HDF5Export {
    /// Keeps the name that the tensor had where it came from, when this file calls it otherwise.
    func noteSource(of entry: WeightEntry, at object: String) throws(InterchangeError) {
        let source = entry.name == object ? entry.sourceName : entry.name
        if let source, source != object { try set(.text(source), "source_name", at: object) }
    }
}
