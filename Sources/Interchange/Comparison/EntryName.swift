// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Names of one tensor as different programs spell them.
enum EntryName {
    /// Dots for slashes, without the `:0` of TensorFlow and the wrappers that `DataParallel` and
    /// `torch.compile` put around a model.
    static func spelling(_ name: String) -> String {
        components(name).joined(separator: ".")
    }

    /// The layer and the parameter in PyTorch's words: by the role where it is known, otherwise
    /// by the last part of the name.
    static func meaning(of entry: WeightEntry) -> String {
        let parts = meaningParts(of: entry)
        return parts.layer.isEmpty ? parts.parameter : parts.layer + "." + parts.parameter
    }

    static func meaningParts(of entry: WeightEntry) -> (layer: String, parameter: String) {
        if let role = entry.role { return (spelling(role.layer), role.pytorchName) }
        var parts = components(entry.name)
        let last = parts.popLast() ?? ""
        return (parts.joined(separator: "."), pytorchWords[last] ?? last)
    }

    /// The first component all the names share when it is one that programs put around a model.
    static func wrapper(of names: [String]) -> String? {
        guard let first = names.first?.split(separator: ".").first.map(String.init),
            wrappers.contains(first), names.allSatisfy({ $0.hasPrefix(first + ".") })
        else { return nil }
        return first + "."
    }

    private static let wrappers: Set<String> = [
        "model", "state_dict", "model_state_dict", "net", "network", "model_weights",
    ]

    /// What Keras and TensorFlow call the parameters of plain layers.
    private static let pytorchWords = [
        "kernel": "weight", "depthwise_kernel": "weight", "gamma": "weight", "beta": "bias",
        "moving_mean": "running_mean", "moving_variance": "running_var",
    ]

    /// The layout of a file's kernels by its roles or by the words it uses; nil when they say
    /// nothing or both.
    static func layout(of entries: [WeightEntry]) -> ParameterRole.Layout? {
        var found: Set<ParameterRole.Layout> = []
        for entry in entries {
            let parts = components(entry.name)
            if let layout = entry.role?.layout {
                found.insert(layout)
            } else if parts.dropLast().last == "vars" || kerasWords.contains(parts.last ?? "") {
                found.insert(.keras)
            } else if pytorchOnlyWords.contains(parts.last ?? "") {
                found.insert(.pytorch)
            }
        }
        return found.count == 1 ? found.first : nil
    }

    private static let kerasWords = Set(pytorchWords.keys).union([
        "pointwise_kernel", "recurrent_kernel",
    ])
    private static let pytorchOnlyWords: Set<String> = [
        "weight", "running_mean", "running_var", "num_batches_tracked",
    ]

    private static func components(_ name: String) -> [String] {
        var text = name[...]
        if let colon = text.lastIndex(of: ":"),
            text[text.index(after: colon)...].allSatisfy(\.isNumber)
        {
            text = text[..<colon]
        }
        var parts = text.split { $0 == "/" || $0 == "." }.map(String.init)
        parts.removeAll { $0 == "_orig_mod" }
        while parts.count > 1, parts[0] == "module" { parts.removeFirst() }
        return parts
    }
}
