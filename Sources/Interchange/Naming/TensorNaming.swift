// SPDX-License-Identifier: Apache-2.0

/// How a format spells the names of tensors.
public enum NameSpelling: Hashable, Sendable {
    /// `layer1.0.conv1.weight`: PyTorch and everything that follows it.
    case dotted
    /// `layers/conv2d/vars/0`: where a tensor lies in an HDF5 file; kept as it is everywhere.
    case path
    /// `layer1.0.conv1/weight`: a Retort store's, the parameter below its layer.
    case stored
}

extension WeightFormat {
    /// How files of this format spell names.
    public var spelling: NameSpelling {
        switch self {
        case .store: .stored
        case .kerasWeights, .kerasArchive, .kerasLegacy, .hdf5: .path
        case .safetensors, .shardedSafetensors, .pytorch, .pytorchLegacy, .npy, .npz, .onnx, .gguf:
            .dotted
        }
    }

    /// Formats that can take each other's names, because they have the same things to name.
    public enum NameFamily: Hashable, Sendable {
        /// `layers/conv2d/vars/0`.
        case keras
        /// `model_weights/conv2d/conv2d/kernel:0`.
        case legacyKeras
        case other
    }

    public var nameFamily: NameFamily {
        switch self {
        case .kerasWeights, .kerasArchive: .keras
        case .kerasLegacy: .legacyKeras
        default: .other
        }
    }
}

/// The rules that turn one spelling of a name into another.
public enum TensorNaming {
    /// Whether `name` is a Keras 3 variable's path: `layers/dense/vars/1`.
    public static func isKerasPath(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[parts.count - 2] == "vars" else { return false }
        return !parts[parts.count - 1].isEmpty
            && parts[parts.count - 1].utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
    }

    /// The store's spelling of a dotted name: its last dot, if it has one after its last slash,
    /// becomes a slash.
    public static func stored(fromDotted name: String) -> String {
        guard !isKerasPath(name), let dot = name.lastIndex(of: ".") else { return name }
        if let slash = name.lastIndex(of: "/"), slash > dot { return name }
        return name.replacing(at: dot, with: "/")
    }

    /// The dotted spelling of a store's name: its last slash becomes a dot.
    public static func dotted(fromStored name: String) -> String {
        guard !isKerasPath(name), let slash = name.lastIndex(of: "/") else { return name }
        return name.replacing(at: slash, with: ".")
    }

    /// `name` with dots for slashes: equal for all spellings of one name.
    public static func canonical(_ name: String) -> String {
        String(
            decoding: name.utf8.map { $0 == UInt8(ascii: "/") ? UInt8(ascii: ".") : $0 },
            as: UTF8.self)
    }
}

extension String {
    fileprivate func replacing(at index: Index, with replacement: Character) -> String {
        self[..<index] + String(replacement) + self[self.index(after: index)...]
    }
}
