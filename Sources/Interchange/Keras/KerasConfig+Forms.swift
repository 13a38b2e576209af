// SPDX-License-Identifier: Apache-2.0

import Tensors

extension KerasConfig {
    /// The ways in which versions of Keras write a model down.
    enum Form {
        /// `config.json`: modules are named.
        case keras3
        /// What Keras 3 puts into legacy files: the same without modules.
        case keras3Legacy
        /// Keras 2: inputs are lists, input shapes have another name.
        case keras2
    }

    static func form(of json: JSON) -> Form {
        if json["module"]?.stringValue != nil { return .keras3 }
        let layers = json["config"]?["layers"]?.arrayValue ?? []
        let isNew = layers.contains { layer in
            layer["config"]?["batch_shape"] != nil
                || layer["inbound_nodes"]?.arrayValue?.contains { $0["args"] != nil } == true
        }
        return isNew ? .keras3Legacy : .keras2
    }

    /// `json` in the form of `config.json`; nil for Keras 2's, which cannot be rewritten by adding.
    static func modern(_ json: JSON) -> JSON? {
        switch form(of: json) {
        case .keras3: json
        case .keras3Legacy: withModules(json, isTop: true)
        case .keras2: nil
        }
    }

    /// `json` in the form of a legacy file's attribute.
    static func legacy(_ json: JSON) -> JSON {
        form(of: json) == .keras3 ? withoutModules(json) : json
    }

    // Nesting is bounded by the JSON parser's depth.
    private static func withModules(_ json: JSON, isTop: Bool) -> JSON {
        var result = json
        let className = json["class_name"]?.stringValue ?? ""
        if KerasModel.classNames.contains(className) {
            result["module"] =
                isTop && className != "Sequential"
                ? "keras.src.models.functional" : "keras"
            if className == "Model" { result["class_name"] = "Functional" }
            result["config"]?["layers"] = json["config"]?["layers"]?.arrayValue.map { layers in
                .array(layers.map { withModules($0, isTop: false) })
            }
        } else {
            result["module"] = "keras.layers"
        }
        result["registered_name"] = .null
        return result
    }

    private static func withoutModules(_ json: JSON) -> JSON {
        var result = json
        for key in ["module", "registered_name", "build_config", "compile_config"] {
            result[key] = nil
        }
        if let layers = json["config"]?["layers"]?.arrayValue {
            result["config"]?["layers"] = .array(layers.map(withoutModules))
        }
        return result
    }
}

/// The configuration that a written file shall have.
struct KerasTargetConfig {
    /// In Keras 3's form where it has one.
    let json: JSON
    let model: KerasModel
    /// Where the configuration was made of a graph: the node that each layer is.
    var nodes: [String: String] = [:]

    /// The configuration that a model came with.
    init?(of source: JSON?) {
        guard let source, source["class_name"]?.stringValue != nil,
            let model = KerasConfig(json: source).model
        else { return nil }
        self.init(json: source, model: model)
    }

    /// From the configuration that the model came with, else from its graph.
    ///
    /// - Throws: ``InterchangeError`` where there is neither, or Keras has no layer for an
    ///   operation.
    init(_ content: WeightContent, modern: Bool, path: String) throws(InterchangeError) {
        if let found = try Self.find(content, modern: modern, path: path) {
            self = found
            return
        }
        throw InterchangeError(
            .unsupported, path,
            "a Keras model needs the model's structure, and the source does not say it; weights"
                + " alone can be written as .weights.h5")
    }

    private init(json: JSON, model: KerasModel, nodes: [String: String] = [:]) {
        self.json = json
        self.model = model
        self.nodes = nodes
    }

    /// - Parameter modern: whether it must be of Keras 3's form.
    static func find(
        _ content: WeightContent, modern: Bool, path: String
    ) throws(InterchangeError) -> KerasTargetConfig? {
        let source = content.model?.source
        if let found = KerasTargetConfig(of: modern ? source.flatMap(KerasConfig.modern) : source) {
            return found
        }
        guard let graph = content.model?.graph else { return nil }
        let depthwise = content.entries.compactMap { entry -> String? in
            guard entry.role?.kind == .depthwiseConvolution else { return nil }
            let parameter = content.model?.parameters[entry.name]
            let node = parameter.flatMap { name in
                name.lastIndex(of: "/").map { String(name[..<$0]) }
            }
            return node ?? entry.role?.layer
        }
        do throws(KerasExport.Refusal) {
            let export = try KerasExport(graph, depthwise: Set(depthwise))
            let json = export.configuration(name: "model")
            let config = KerasConfig(json: json)
            guard let model = config.model else {
                throw KerasExport.Refusal(reason: config.problem ?? "the graph makes no model")
            }
            return KerasTargetConfig(json: json, model: model, nodes: export.nodes)
        } catch {
            throw InterchangeError(
                .unsupported, path, "the model cannot be written for Keras: \(error.reason)")
        }
    }

    /// - Throws: ``InterchangeError`` naming the first variable that Keras would look for in vain.
    static func requireAll(
        _ missing: [KerasPlan.Variable], path: String
    ) throws(InterchangeError) {
        guard let first = missing.first else { return }
        throw InterchangeError(
            .mismatch, path,
            "the model needs \(first.variable) of layer '\(first.role.layer)', and no tensor is"
                + " that")
    }
}
