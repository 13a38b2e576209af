// SPDX-License-Identifier: Apache-2.0

import Fuzzing
@testable import HDF5
@testable import Interchange
import Tensors

@main
enum RetortFuzz {
    static func main() { Fuzzer.main(FormatTarget.self) }
}

/// The parsers of weight files, each behind the checks that the tool makes.
enum FormatTarget: String, FuzzTarget {
    /// As `retort inspect` opens a file: recognised by its content.
    case any
    case safetensors
    case npy
    case npz
    case pytorch
    case pytorchLegacy = "pytorch-legacy"
    case keras
    case onnx
    case gguf
    /// HDF5 as a file of weights; its reader alone is a target of `hdf5-fuzz`.
    case tree
    case zip
    case pickle
    case json

    func run(_ bytes: UnsafeRawBufferPointer) {
        // A copy of the exact size, so that the sanitizer sees every byte read beyond it.
        let region = ByteRegion(copying: bytes)
        switch self {
        case .any: consume(region, as: nil)
        case .safetensors: consume(region, as: SafetensorsFile.self)
        case .npy: consume(region, as: NPYFile.self)
        case .npz: consume(region, as: NPZFile.self)
        case .pytorch: consume(region, as: PyTorchFile.self)
        case .pytorchLegacy: consume(region, as: PyTorchLegacyFile.self)
        case .keras: consume(region, as: KerasArchive.self)
        case .onnx: consume(region, as: ONNXFile.self)
        case .gguf: consume(region, as: GGUFFile.self)
        case .tree: consume(region, as: HDF5Tree.self)
        case .zip: consumeZip(region)
        case .pickle: consumePickle(region)
        case .json: _ = try? JSON(parsing: region.bytes)
        }
    }

    private func consume(_ region: ByteRegion, as codec: (any WeightCodec.Type)?) {
        let path = "/nonexistent/fuzzed"
        guard let codec = try? codec ?? WeightFormat.recognise(region, path: path).codec(path: path)
        else { return }
        _ = codec.problems(region, path: path, full: true)
        guard let file = try? codec.open(region, path: path) else { return }
        for entry in file.entries { touch(entry) }
        var sum = file.remarks.reduce(0) { $0 &+ $1.utf8.count }
        sum &+= JSON.object(file.metadata).text().utf8.count
        precondition(sum != -1)
    }

    /// Reads elements as tools do; declared sizes that no bytes justify would show here.
    private func touch(_ entry: WeightEntry) {
        guard let tensor = try? entry.tensor() else { return }
        precondition(tensor.shape == entry.shape, "\(entry.name) has another shape than it said")
        precondition(tensor.elementType == entry.elementType, "\(entry.name) has another type")
        let sum = tensor.withUnsafeBytes { bytes in
            var sum = bytes.last.map(UInt64.init) ?? 0
            for index in stride(from: 0, to: bytes.count, by: 61) { sum &+= UInt64(bytes[index]) }
            return sum
        }
        precondition(sum != .max)
    }

    private func consumeZip(_ region: ByteRegion) {
        guard let archive = try? ZipArchive(region, path: "fuzzed") else { return }
        for member in archive.members {
            guard let contents = try? archive.contents(of: member) else { continue }
            precondition(contents.count == member.byteCount)
            _ = try? archive.hasSoundChecksum(member)
        }
    }

    private func consumePickle(_ region: ByteRegion) {
        var machine = PickleMachine(region, path: "fuzzed", object: "data.pkl")
        guard let pickle = try? machine.run() else { return }
        let texts = pickle.calls + pickle.imports + pickle.moduleClasses
        precondition(texts.reduce(0) { $0 &+ $1.utf8.count } >= 0)
    }
}
