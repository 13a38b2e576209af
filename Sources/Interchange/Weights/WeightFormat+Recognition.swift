// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

extension WeightFormat {
    /// The format of a file by its content; names and suffixes do not count.
    ///
    /// - Throws: ``InterchangeError`` when it is none that Retort knows.
    static func recognise(
        _ region: ByteRegion, path: String
    ) throws(InterchangeError) -> WeightFormat {
        let bytes = region.bytes
        if isHDF5(bytes) { return .hdf5 }
        if starts(bytes, with: "PK\u{3}\u{4}") || starts(bytes, with: "PK\u{5}\u{6}") {
            return try recognise(ZipArchive(region, path: path), path: path)
        }
        if bytes.starts(with: NPY.magic) { return .npy }
        if starts(bytes, with: "GGUF") { return .gguf }
        if PyTorchLegacyFile.isPickle(bytes) { return .pytorchLegacy }
        if SafetensorsFile.isHeader(bytes) { return .safetensors }
        if KerasShards.isIndex(bytes) {
            throw InterchangeError(
                .unsupported, path,
                "is the index of a Keras model in shards, which are read one by one: each of them"
                    + " is a .weights.h5")
        }
        if SafetensorsShards.isIndex(bytes) { return .shardedSafetensors }
        if ONNXFile.isModel(bytes) { return .onnx }
        throw InterchangeError(
            .unsupported, path,
            found: bytes.isEmpty ? "an empty file" : "a file of no known format",
            expected: "a Retort store, HDF5, safetensors, Keras, PyTorch, NumPy, ONNX or GGUF")
    }

    /// Whether the HDF5 signature stands at 0, 512, 1024, 2048 ... (format specification, II.A).
    static func isHDF5(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
        var offset = 0
        while offset <= bytes.count - signature.count {
            if bytes[offset..<(offset + signature.count)].elementsEqual(signature) { return true }
            offset = offset == 0 ? 512 : offset * 2
        }
        return false
    }

    private static func starts(_ bytes: UnsafeRawBufferPointer, with text: String) -> Bool {
        bytes.starts(with: text.utf8)
    }

    private static func recognise(
        _ archive: ZipArchive, path: String
    ) throws(InterchangeError) -> WeightFormat {
        let names = archive.members.map(\.name)
        if names.contains(where: { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }) {
            return .pytorch
        }
        if names.contains("config.json"), names.contains(where: { $0.hasPrefix("model.weights.") })
        {
            return .kerasArchive
        }
        if names.allSatisfy({ $0.hasSuffix(".npy") }) { return .npz }
        let shown = names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", ..." : "")
        throw InterchangeError(
            .unsupported, path, found: "a zip archive of \(shown)",
            expected: "a PyTorch file, a Keras model or a NumPy archive")
    }
}
