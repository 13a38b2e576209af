// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Where a model keeps its variables: the groups and names that Keras gives them
/// (`keras/src/saving/saving_lib.py`, `_save_state`; `legacy_h5_format.py`).
struct KerasPlan {
    /// A layer with a group of its own, nested ones included; models themselves too.
    struct Layer {
        /// `layers/sequential/layers/conv2d`.
        let path: String
        /// The layer's own name, the attribute of its group.
        let ownName: String
        /// As people know it: nested names joined by dots.
        let name: String
        let className: String
        /// The layer of the outermost model that it is or belongs to.
        let top: String
        /// Nil for a class whose variables are not known.
        var variables: [Variable]?
    }

    struct Variable {
        /// The dataset of a `.weights.h5`: `layers/conv2d/vars/0`.
        let path: String
        /// The name in a legacy file's list: `net/conv/kernel`.
        let legacyName: String
        /// In Keras's words: `kernel`, `moving_mean`.
        let variable: String
        let role: ParameterRole
        let isTrainable: Bool
    }

    private(set) var layers: [Layer] = []
    /// Names of the outermost model's layers, in its order.
    private(set) var topLayers: [String] = []

    init(_ model: KerasModel) {
        topLayers = model.layers.filter { !$0.isOperation }.map(\.name)
        add(model, path: "layers", prefix: [], top: nil, isTrainable: true)
    }

    /// Every variable of the layers whose class is known.
    var variables: [Variable] { layers.flatMap { $0.variables ?? [] } }

    /// The variables of an outermost layer as a legacy file lists them: those that are trained,
    /// then the others, through all that is nested; nil when a class in it is not known.
    func legacyVariables(ofTop top: String) -> [Variable]? {
        var all: [Variable] = []
        for layer in layers where layer.top == top {
            guard let variables = layer.variables else { return nil }
            all += variables
        }
        return all.filter(\.isTrainable) + all.filter { !$0.isTrainable }
    }

    private mutating func add(
        _ model: KerasModel, path: String, prefix: [String], top: String?, isTrainable: Bool
    ) {
        var counter = KerasNaming.Counter()
        for layer in model.layers where !layer.isOperation {
            // A nested model of the old class `Model` is rebuilt as a functional one.
            let className = layer.className == "Model" ? "Functional" : layer.className
            let group = path + "/" + counter.unique(KerasNaming.snakeCase(className))
            let names = prefix + [layer.name]
            let trains = isTrainable && layer.isTrainable
            var planned = Layer(
                path: group, ownName: layer.name, name: names.joined(separator: "."),
                className: className, top: top ?? layer.name,
                variables: layer.model == nil
                    ? Self.variables(of: layer, names: names, path: group, isTrainable: trains) : []
            )
            if className == "Normalization" {
                planned.variables = Self.normalization(layer, names: names, path: group)
            }
            layers.append(planned)
            if let nested = layer.model {
                add(
                    nested, path: group + "/layers", prefix: names, top: planned.top,
                    isTrainable: trains)
            }
        }
    }

    private static func variables(
        of layer: KerasLayer, names: [String], path: String, isTrainable: Bool
    ) -> [Variable]? {
        let found = KerasClass.variables(of: layer.className) { name, standard in
            layer.config[name]?.boolValue ?? standard
        }
        return found.map { variables($0, layer.className, names, path, isTrainable) }
    }

    /// A normalisation with statistics of its own keeps them; one that was told them does not.
    private static func normalization(
        _ layer: KerasLayer, names: [String], path: String
    ) -> [Variable] {
        let isTold = layer.config["mean"].map { $0 != .null } ?? false
        return isTold
            ? [] : variables(["mean", "variance", "count"], "Normalization", names, path, false)
    }

    private static func variables(
        _ list: [String], _ className: String, _ names: [String], _ path: String,
        _ isTrainable: Bool
    ) -> [Variable] {
        let cell = KerasClass.cell(of: className)
        let group = KerasNaming.snakeCase(className)
        let layer = names.joined(separator: ".")
        let legacy = (names + (cell.map { [$0] } ?? [])).joined(separator: "/")
        return list.enumerated().map { index, variable in
            let isDepthwise = group == "depthwise_conv2d"
            return Variable(
                path: path + (cell == nil ? "" : "/cell") + "/vars/\(index)",
                // Keras 3 calls the kernel of a depthwise convolution just that.
                legacyName: legacy + "/"
                    + (isDepthwise && variable == "depthwise_kernel" ? "kernel" : variable),
                variable: variable,
                role: KerasClass.role(layer: layer, group: group, variable: variable),
                isTrainable: isTrainable && KerasClass.isTrainable(variable))
        }
    }
}
