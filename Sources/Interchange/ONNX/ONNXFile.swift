// SPDX-License-Identifier: Apache-2.0

import Tensors

/// ONNX: a protocol buffers message with initialisers by name and a graph of operators.
///
/// <https://github.com/onnx/onnx/blob/main/docs/IR.md>. The file is read by a wire reader of our
/// own, bounded and in place; no operator, function or subgraph of it is ever run.
enum ONNXFile: WritableWeightCodec {
    static func open(_ region: ByteRegion, path: String) throws(InterchangeError) -> WeightFile {
        let model = try ONNXModel(region, path: path)
        let tensors = try ONNXTensors(model)
        let description = ONNXGraphImport.description(of: model, tensors: tensors)
        var entries = tensors.initializers
        let parameters = description.model.parameters
        // Old exporters keep weights in nodes. Those that the graph uses as parameters are weights;
        // without a graph any of them may be.
        entries += tensors.constants.values
            .filter { constant in
                description.model.graph == nil
                    ? constant.mayBeWeight : parameters[constant.name] != nil
            }
            .sorted { $0.order < $1.order }.map(\.entry)
        for index in entries.indices {
            entries[index].role = description.roles[entries[index].name]
        }
        return WeightFile(
            path: path, format: .onnx, byteCount: region.count + tensors.files.byteCount,
            entries: entries + tensors.sparse, metadata: metadata(of: model),
            model: description.model, remarks: remarks(on: model, tensors),
            metadataByteCount: region.count - tensors.inlineByteCount)
    }

    /// The model's own properties under their keys; what every model says under `onnx`.
    private static func metadata(of model: ONNXModel) -> [String: JSON] {
        var header: [String: JSON] = [:]
        if let version = model.irVersion { header["ir_version"] = .integer(version) }
        if let version = model.modelVersion { header["model_version"] = .integer(version) }
        for (key, text) in [
            ("producer_name", model.producerName), ("producer_version", model.producerVersion),
            ("domain", model.domain), ("doc_string", model.documentation),
            ("graph_name", model.graph.name),
        ] where !text.isEmpty { header[key] = .string(text) }
        header["opset_import"] = .object(
            Dictionary(
                uniqueKeysWithValues: model.operatorSets.map {
                    ($0.key.isEmpty ? "ai.onnx" : $0.key, .integer($0.value))
                }))
        var metadata: [String: JSON] = [headerKey: .object(header)]
        for property in model.properties where metadata[property.key] == nil {
            metadata[property.key] = .string(property.value)
        }
        return metadata
    }

    /// The key of what a writer makes anew rather than copies.
    static let headerKey = "onnx"

    private static func remarks(on model: ONNXModel, _ tensors: ONNXTensors) -> [String] {
        var remarks: [String] = []
        if !model.graph.foreignDomains.isEmpty {
            let names = model.graph.foreignDomains.sorted().prefix(8).joined(separator: ", ")
            remarks.append("operators of other domains are not read: \(names)")
        }
        if model.functionCount > 0 {
            remarks.append("the model has \(model.functionCount) functions, which are not read")
        }
        if model.graph.subgraphCount > 0 {
            remarks.append(
                "\(model.graph.subgraphCount) graphs inside nodes are not read, nor are their tensors"
            )
        }
        if !model.graph.sparse.isEmpty {
            remarks.append(
                "\(model.graph.sparse.count) sparse initialisers are listed and not read")
        }
        let unread = tensors.initializers.filter { $0.elementType == nil }
        if !unread.isEmpty {
            let types = Set(unread.map(\.typeName)).sorted().joined(separator: ", ")
            remarks.append("\(unread.count) tensors are listed and not read: \(types)")
        }
        return remarks
    }
}
