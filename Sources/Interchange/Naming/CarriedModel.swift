// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// How a model's structure, and metadata richer than text, travel in the metadata of formats that
/// have no place of their own for them. This is the only place that knows the keys.
///
/// Values are text where safetensors, ONNX and HDF5 attributes keep nothing else.
public enum CarriedModel {
    /// The graph, in the form of a store's `architecture`.
    private static let graphKey = "retort_graph"
    /// Parameters of the graph by entry name, where the names do not say it themselves.
    private static let parametersKey = "retort_parameters"
    /// Whose axis order the kernels follow, when it is Keras's.
    private static let layoutKey = "retort_layout"
    /// The configuration of the Keras model that the weights come from.
    static let configurationKey = "keras_config"
    /// Metadata that is no text, as one JSON object.
    private static let metadataKey = "retort_metadata"

    private static let keys = [
        graphKey, parametersKey, layoutKey, configurationKey, metadataKey, CarriedTensors.key,
    ]

    /// What a format can say by itself.
    private enum Capacity {
        /// Any JSON.
        case values
        /// Text under any key.
        case texts
        /// Text, under keys that readers of the format must not mistake for its own.
        case foreignTexts
    }

    private static func capacity(of format: WeightFormat) -> Capacity {
        switch format {
        case .store, .pytorch, .pytorchLegacy: .values
        case .safetensors, .shardedSafetensors, .onnx, .gguf: .texts
        case .npy, .npz, .hdf5, .kerasWeights, .kerasArchive, .kerasLegacy: .foreignTexts
        }
    }

    /// The metadata to write into a file of `format` so that everything comes back.
    public static func metadata(
        _ metadata: [String: JSON], carrying model: ModelDescription?,
        layout: ParameterRole.Layout, tensors: [CarriedTensor] = [], in format: WeightFormat
    ) -> [String: JSON] {
        var result: [String: JSON] = [:]
        var packed: [String: JSON] = [:]
        let capacity = capacity(of: format)
        for (key, value) in metadata where !keys.contains(key) {
            let isPlain = capacity == .values || (capacity == .texts && value.stringValue != nil)
            if isPlain { result[key] = value } else { packed[key] = value }
        }
        if !packed.isEmpty { result[metadataKey] = .string(JSON.object(packed).text()) }
        func keep(_ value: JSON, as key: String) {
            result[key] = capacity == .values ? value : .string(value.text())
        }
        if !tensors.isEmpty { keep(CarriedTensors.json(tensors), as: CarriedTensors.key) }
        guard let model else { return result }
        if let source = model.source, !isConfigured(format) { keep(source, as: configurationKey) }
        if let graph = model.graph, !hasGraph(format) {
            keep(graph, as: graphKey)
            let unsaid = model.parameters.filter { entry, parameter in
                TensorNaming.canonical(entry) != TensorNaming.canonical(parameter)
            }
            if !unsaid.isEmpty {
                keep(.object(unsaid.mapValues { .string($0) }), as: parametersKey)
            }
            if layout == .keras { result[layoutKey] = .string(layout.rawValue) }
        }
        return result
    }

    private static func hasGraph(_ format: WeightFormat) -> Bool {
        format == .store || format == .onnx || isConfigured(format)
    }

    private static func isConfigured(_ format: WeightFormat) -> Bool {
        format == .kerasArchive || format == .kerasLegacy
    }

    /// What a file carries: its metadata unpacked, and the model if there is one.
    public struct Contents: Sendable {
        public var metadata: [String: JSON]
        public var graph: JSON?
        /// Parameters of the graph by entry name, for entries whose names do not say it.
        public var parameters: [String: String] = [:]
        public var layout = ParameterRole.Layout.pytorch
        public var configuration: JSON?
    }

    /// Unpacks what ``metadata(_:carrying:layout:in:)`` packed. Values that are not what it writes
    /// stay as they are.
    public static func contents(of metadata: [String: JSON]) -> Contents {
        var contents = Contents(metadata: metadata)
        func take(_ key: String) -> JSON? {
            guard let value = metadata[key] else { return nil }
            let parsed = value.stringValue.map { try? JSON(parsing: $0) } ?? value
            guard let parsed, parsed.objectValue != nil else { return nil }
            contents.metadata[key] = nil
            return parsed
        }
        for (key, value) in take(metadataKey)?.objectValue ?? [:]
        where contents.metadata[key] == nil && !keys.contains(key) {
            contents.metadata[key] = value
        }
        contents.graph = take(graphKey)
        contents.configuration = take(configurationKey)
        contents.parameters = (take(parametersKey)?.objectValue ?? [:])
            .compactMapValues(\.stringValue)
        if let name = metadata[layoutKey]?.stringValue,
            let layout = ParameterRole.Layout(rawValue: name)
        {
            contents.layout = layout
            contents.metadata[layoutKey] = nil
        }
        return contents
    }
}
