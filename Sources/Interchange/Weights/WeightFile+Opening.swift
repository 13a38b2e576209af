// SPDX-License-Identifier: Apache-2.0

import Tensors

extension WeightFile {
    /// Opens a weight file of any format but Retort's own, recognised by its content.
    ///
    /// - Throws: ``InterchangeError`` when it is of no known format or breaks its format's rules.
    public static func open(_ path: String) throws(InterchangeError) -> WeightFile {
        let region = try InputFile.map(path)
        let format = try WeightFormat.recognise(region, path: path)
        // HDF5 is opened once, under the lock that keeps writers out, and recognised by its tree.
        var file =
            format == .hdf5
            ? try HDF5Tree.openFile(path)
            : try format.codec(path: path).open(region, path: path)
        file.takeCarriedTensors()
        return file
    }

    /// What breaks the rules of the file's format.
    ///
    /// - Parameter full: also reads payloads where the format has checksums for them.
    /// - Throws: ``InterchangeError`` when the file cannot be read or is of no known format.
    public static func problems(
        _ path: String, full: Bool
    ) throws(InterchangeError) -> [FileProblem] {
        let region = try InputFile.map(path)
        let format = try WeightFormat.recognise(region, path: path)
        return try format.codec(path: path).problems(region, path: path, full: full)
    }

    /// Writes `content` as `format`, whole or not at all.
    ///
    /// - Throws: ``InterchangeError`` for formats that are only read and what they cannot hold.
    public static func write(
        _ content: WeightContent, as format: WeightFormat, to path: String
    ) throws(InterchangeError) {
        guard let codec = try format.codec(path: path) as? any WritableWeightCodec.Type else {
            throw InterchangeError(
                .unsupported, path, "a \(format.title) can be read and not written")
        }
        try codec.write(content, to: path)
    }
}

extension WeightFile {
    /// Writes safetensors in several files of at most `maximumBytes` each, beside the index at
    /// `path`, which comes last.
    ///
    /// - Throws: ``InterchangeError`` as ``write(_:as:to:)`` does.
    public static func writeShards(
        _ content: WeightContent, to path: String, maximumBytes: Int
    ) throws(InterchangeError) {
        try SafetensorsShards.write(content, to: path, maximumShardBytes: maximumBytes)
    }
}

extension WeightFormat {
    func codec(path: String) throws(InterchangeError) -> any WeightCodec.Type {
        switch self {
        case .safetensors: SafetensorsFile.self
        case .shardedSafetensors: SafetensorsShards.self
        case .kerasWeights: KerasWeightsFile.self
        case .kerasArchive: KerasArchive.self
        case .kerasLegacy: KerasLegacyFile.self
        case .pytorch: PyTorchFile.self
        case .pytorchLegacy: PyTorchLegacyFile.self
        case .npy: NPYFile.self
        case .npz: NPZFile.self
        case .onnx: ONNXFile.self
        case .gguf: GGUFFile.self
        case .hdf5: HDF5Tree.self
        case .store:
            throw InterchangeError(
                .unsupported, path, "a Retort store is opened by the library Checkpoints")
        }
    }
}
