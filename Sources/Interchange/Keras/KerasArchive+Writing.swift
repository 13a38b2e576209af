// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors

extension KerasArchive {
    /// Writes a model that Keras 3 loads without code of its own.
    static func write(_ content: WeightContent, to path: String) throws(InterchangeError) {
        let config = try KerasTargetConfig(content, modern: true, path: path)
        let placement = KerasPlacement(content, config)
        try KerasTargetConfig.requireAll(placement.missing, path: path)

        let stated = CarriedModel.contents(of: content.metadata).metadata
        var inner = content
        var metadata: [String: JSON] = ["keras_version": "3.0.0"]
        for key in ["keras_version", "date_saved"] {
            inner.metadata[key] = nil
            if let text = stated[key]?.stringValue { metadata[key] = .string(text) }
        }
        // The weights are an HDF5 file, which is made beside the archive and then put into it.
        let weights = path + ".model.weights.h5"
        try KerasWeightsFile.write(
            inner, placement, modelName: config.model.name, to: weights)
        defer { unlink(weights) }
        let region = try InputFile.map(weights)
        defer { withExtendedLifetime(region) {} }
        try ZipWriter.write(to: path) { (archive: inout ZipWriter) throws(InterchangeError) in
            try archive.add(metadataName, text: JSON.object(metadata).text())
            try archive.add(configName, text: config.json.text())
            try archive.add(weightsName, alignment: 64, [region.bytes])
        }
    }
}

extension ZipWriter {
    mutating func add(_ name: String, text: String) throws(InterchangeError) {
        let bytes = Array(text.utf8)
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(InterchangeError) in try add(name, alignment: 1, [buffer]) }
        }
        try result.get()
    }
}
