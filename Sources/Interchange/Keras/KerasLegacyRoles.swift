// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What the weights of a legacy file are: by the configuration's order where it fits, else by
/// their names.
struct KerasLegacyRoles {
    /// Roles by the dataset's path, from the configuration.
    private var planned: [String: ParameterRole] = [:]
    /// The variables of each layer with their shapes: what tells one class from another.
    private var siblings: [String: [String: Shape]] = [:]

    /// - Parameter shapes: of the datasets, by their paths.
    init(_ lists: KerasNameLists, plan: KerasPlan?, shapes: [String: Shape]) {
        for weight in lists.weights {
            let name = Name(weight)
            siblings[name.layer, default: [:]][name.variable] = shapes[weight.path] ?? .scalar
        }
        guard let plan else { return }
        let byLayer = Dictionary(grouping: lists.weights.filter { $0.layer != nil }) { $0.layer! }
        for (layer, weights) in byLayer {
            // The order is what loads the file; the names make sure that the order was understood.
            guard let variables = plan.legacyVariables(ofTop: layer),
                variables.count == weights.count,
                zip(variables, weights).allSatisfy({ Self.fits($0, Name($1).variable) })
            else { continue }
            for (variable, weight) in zip(variables, weights) {
                planned[weight.path] = variable.role
            }
        }
    }

    private static func fits(_ planned: KerasPlan.Variable, _ variable: String) -> Bool {
        planned.variable == variable
            || planned.variable == "depthwise_kernel" && variable == "kernel"
    }

    /// The role of a weight; nil where neither configuration nor name tells.
    func role(of weight: KerasNameLists.Weight) -> ParameterRole? {
        if let role = planned[weight.path] { return role }
        guard weight.layer != nil else { return nil }
        let name = Name(weight)
        return KerasClass.role(layer: name.layer, group: group(of: name), variable: name.variable)
    }

    /// The class, from what the layer holds and what it is called.
    private func group(of name: Name) -> String {
        let variables = siblings[name.layer] ?? [:]
        let called = KerasNaming.withoutCounter(name.ownLayer)
        if variables["moving_mean"] != nil { return "batch_normalization" }
        if variables["recurrent_kernel"] != nil { return called }
        if variables["pointwise_kernel"] != nil { return "separable_conv2d" }
        if variables["depthwise_kernel"] != nil { return "depthwise_conv2d" }
        if ["conv2d", "conv2d_transpose", "depthwise_conv2d"].contains(called) { return called }
        guard let kernel = variables["kernel"] else { return called }
        switch kernel.rank {
        case 2: return "dense"
        case 4: return Self.convolution(kernel, bias: variables["bias"], name) ?? called
        default: return called
        }
    }

    /// The class of a layer that has a kernel of four axes, which the length of its bias tells.
    /// Without a bias nothing does, unless all classes come to the same or Keras 2 wrote the
    /// file, which calls a depthwise kernel by that name.
    private static func convolution(_ kernel: Shape, bias: Shape?, _ name: Name) -> String? {
        let (inputs, outputs) = (kernel[2], kernel[3])
        if let bias, bias.rank == 1 {
            if bias[0] == outputs { return "conv2d" }
            if bias[0] == inputs { return "conv2d_transpose" }
            let product = inputs.multipliedReportingOverflow(by: outputs)
            return !product.overflow && bias[0] == product.partialValue ? "depthwise_conv2d" : nil
        }
        return inputs == 1 || name.isOfKeras2 ? "conv2d" : nil
    }

    /// A weight's name, taken apart.
    private struct Name {
        /// As people know it: nested names joined by dots.
        let layer: String
        /// The innermost layer.
        let ownLayer: String
        /// `kernel` of `conv2d/kernel:0`.
        let variable: String
        /// Whether it ends in `:0`.
        let isOfKeras2: Bool

        init(_ weight: KerasNameLists.Weight) {
            var parts = weight.name.split(separator: "/").map(String.init)
            let last = parts.popLast() ?? ""
            variable = last.lastIndex(of: ":").map { String(last[..<$0]) } ?? last
            isOfKeras2 = last.contains(":")
            let top = weight.layer ?? ""
            // Before the layer's own name Keras 3 has the model's, tf.keras any scope there was.
            if let own = parts.firstIndex(of: top) { parts.removeFirst(own + 1) }
            if parts.last?.hasSuffix("_cell") == true { parts.removeLast() }
            layer = ([top] + parts).joined(separator: ".")
            ownLayer = parts.last ?? top
        }
    }
}
