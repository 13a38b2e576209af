// SPDX-License-Identifier: Apache-2.0

/// A kind of file that holds weights. The raw value is what `--json` and certificates print.
public enum WeightFormat: String, CaseIterable, Hashable, Sendable {
    case store = "retort-store"
    case safetensors
    /// `model.safetensors.index.json` beside its shards.
    case shardedSafetensors = "safetensors-sharded"
    /// Keras 3 `.weights.h5`.
    case kerasWeights = "keras-weights"
    /// Keras 3 `.keras`.
    case kerasArchive = "keras"
    /// The `.h5` of Keras 2 and tf.keras, whole models and weights.
    case kerasLegacy = "keras-legacy"
    /// The zip that `torch.save` writes.
    case pytorch
    /// What `torch.save` wrote before version 1.6.
    case pytorchLegacy = "pytorch-legacy"
    case npy
    case npz
    case onnx
    case gguf
    /// Any other HDF5 file.
    case hdf5

    /// The name in sentences.
    public var title: String {
        switch self {
        case .store: "Retort store"
        case .safetensors: "safetensors file"
        case .shardedSafetensors: "sharded safetensors model"
        case .kerasWeights: "Keras 3 weights file"
        case .kerasArchive: "Keras 3 model"
        case .kerasLegacy: "legacy Keras file"
        case .pytorch: "PyTorch file"
        case .pytorchLegacy: "PyTorch file from before version 1.6"
        case .npy: "NumPy array"
        case .npz: "NumPy archive"
        case .onnx: "ONNX model"
        case .gguf: "GGUF file"
        case .hdf5: "HDF5 file"
        }
    }

    /// Whether `retort convert` can write it.
    public var isWritable: Bool {
        switch self {
        case .pytorchLegacy, .gguf: false
        default: true
        }
    }
}
