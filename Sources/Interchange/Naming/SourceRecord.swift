// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What a file remembers of the one it was converted from, so that the way back leads to the same
/// names and tensors. It is the member `conversion` of the metadata.
public struct SourceRecord: Hashable, Sendable {
    public static let metadataKey = "conversion"

    public var format: WeightFormat
    /// In a store, names in that file by stored name, where no rule gives them back. Elsewhere
    /// each tensor carries its own.
    public var names: [String: String] = [:]
    /// Whether a store's names are paths, which are the same in every format.
    public var arePaths = false
    /// Layers whose kind the graph says differently: a depthwise class with one input channel.
    public var kinds: [String: ParameterRole.LayerKind] = [:]
    /// Parameters of the graph that the file did not hold, with the digests of their values.
    public var implied: [String: Digest] = [:]

    public init(format: WeightFormat) {
        self.format = format
    }

    public var json: JSON {
        var members: [String: JSON] = ["format": .string(format.rawValue)]
        if !names.isEmpty { members["names"] = .object(names.mapValues { .string($0) }) }
        if arePaths { members["paths"] = true }
        if !kinds.isEmpty { members["kinds"] = .object(kinds.mapValues { .string($0.word) }) }
        if !implied.isEmpty {
            members["implied"] = .object(implied.mapValues { .string($0.hexadecimal) })
        }
        return .object(members)
    }

    /// Reads ``json``; nil when it is something else. What does not fit is left out: the record
    /// only ever chooses between names and never says what a tensor holds.
    public init?(json: JSON?) {
        guard let name = json?["format"]?.stringValue, let format = WeightFormat(rawValue: name)
        else { return nil }
        self.format = format
        names = (json?["names"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
        arePaths = json?["paths"]?.boolValue ?? false
        kinds = (json?["kinds"]?.objectValue ?? [:]).compactMapValues {
            $0.stringValue.flatMap(ParameterRole.LayerKind.init(word:))
        }
        implied = (json?["implied"]?.objectValue ?? [:]).compactMapValues {
            $0.stringValue.flatMap { try? Digest(hexadecimal: $0) }
        }
    }
}

extension ParameterRole.LayerKind {
    /// The kind as records write it.
    var word: String {
        switch self {
        case .convolution: "convolution"
        case .depthwiseConvolution: "depthwise"
        case .transposedConvolution: "transposed"
        case .dense: "dense"
        case .batchNormalization: "batch_normalization"
        case .other(let name): "other:" + name
        }
    }

    init?(word: String) {
        switch word {
        case "convolution": self = .convolution
        case "depthwise": self = .depthwiseConvolution
        case "transposed": self = .transposedConvolution
        case "dense": self = .dense
        case "batch_normalization": self = .batchNormalization
        default:
            guard word.hasPrefix("other:") else { return nil }
            self = .other(String(word.dropFirst("other:".count)))
        }
    }
}
