// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

/// Files whose tensors are the datasets of an HDF5 tree, named by their paths.
enum HDF5Tree: WritableWeightCodec {
    /// Opens an HDF5 file as what its tree shows it to be: a Keras file or just HDF5.
    ///
    /// It is opened once, in the state of its last commit.
    /// - Throws: ``InterchangeError``, also for a Retort store, which is no weight file.
    static func openFile(_ path: String) throws(InterchangeError) -> WeightFile {
        try open(read(path) { () throws(HDF5Error) in try HDF5File(path: path) }, path: path)
    }

    static func open(_ region: ByteRegion, path: String) throws(InterchangeError) -> WeightFile {
        try open(file(region, path: path), path: path)
    }

    /// Opens a file whose metadata has been read as what its tree shows it to be.
    private static func open(
        _ file: HDF5File, path: String
    ) throws(InterchangeError) -> WeightFile {
        switch kind(of: file) {
        case .store:
            throw InterchangeError(
                .unsupported, path,
                found: "a Retort store", expected: "a weight file of another program")
        case .kerasWeights: return try KerasWeightsFile.open(file, path: path)
        case .kerasLegacy: return try KerasLegacyFile.open(file, path: path)
        case .plain: return try openPlain(file, path: path)
        }
    }

    private static func openPlain(
        _ file: HDF5File, path: String
    ) throws(InterchangeError) -> WeightFile {
        let tree = try DatasetTree(file, path: path)
        var ties = TiedDatasets()
        let entries = tree.datasets.map { found in
            ties.entry(found.dataset, name: found.name, path: path)
        }
        return WeightFile(
            path: path, format: .hdf5, byteCount: file.region.count, entries: entries,
            metadata: file.root.metadata(), remarks: tree.remarks,
            metadataByteCount: file.space.metadata)
    }

    /// Reads the metadata of a file at hand.
    static func file(_ region: ByteRegion, path: String) throws(InterchangeError) -> HDF5File {
        try read(path) { () throws(HDF5Error) in try HDF5File(region: region, name: path) }
    }

    /// Runs a call of the HDF5 reader and gives its errors this module's form.
    static func read<Value>(
        _ path: String, _ body: () throws(HDF5Error) -> Value
    ) throws(InterchangeError) -> Value {
        do throws(HDF5Error) {
            return try body()
        } catch {
            throw InterchangeError(path, error)
        }
    }
}

extension InterchangeError {
    /// What the HDF5 library says of the file at `path`.
    init(_ path: String, _ error: HDF5Error) {
        let kind: Kind =
            switch error.kind {
            case .notHDF5, .damaged, .limit: .malformed
            case .unsupported: .unsupported
            case .mismatch, .exists: .mismatch
            case .missing, .locked, .system, .library: .unreadable
            }
        self.init(
            kind, path, error.object.isEmpty ? error.reason : "\(error.object): \(error.reason)")
    }
}
