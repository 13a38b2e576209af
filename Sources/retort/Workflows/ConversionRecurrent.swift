// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors

extension ConversionPlanner {
    /// The tensors of PyTorch that one of a Keras recurrent layer's becomes; nil for other layers.
    ///
    /// - Throws: ``Failure`` for forms that PyTorch's layer does not have.
    func recurrentLines(
        _ entry: WeightEntry, _ layout: ParameterRole.Layout?
    ) throws -> [ConversionPlan.Line]? {
        guard layout == .pytorch, let role = entry.role, role.layout == .keras,
            case .other(let name) = role.kind, let gates = Self.gates(of: name)
        else { return nil }
        let isGRU = gates == 3
        func line(_ parameter: String, _ move: ConversionMove?) -> ConversionPlan.Line {
            let spelling = target.spelling == .dotted ? "." : "/"
            var line = ConversionPlan.Line(
                source: entry.name, entry: entry,
                target: "\(role.layer)\(spelling)\(parameter)")
            line.move = move
            line.role = role
            line.role?.layout = .pytorch
            line.role?.parameter = .other(parameter)
            line.cast = cast(of: entry)
            return line
        }
        switch role.kerasName {
        case "kernel", "recurrent_kernel":
            guard
                let move = RecurrentMove(kernel: entry.shape, gates: gates, swapsGates: isGRU)
            else { throw unexpected(entry, "\(gates) gates") }
            let side = role.kerasName == "kernel" ? "ih" : "hh"
            return [line("weight_\(side)_l0", .recurrent(move))]
        case "bias" where isGRU:
            let moves = [0, 1].compactMap {
                RecurrentMove(bias: entry.shape, row: $0, gates: gates)
            }
            guard moves.count == 2 else {
                throw unexpected(entry, "a bias (2, 3u): PyTorch's GRU resets after the product")
            }
            return [
                line("bias_ih_l0", .recurrent(moves[0])), line("bias_hh_l0", .recurrent(moves[1])),
            ]
        case "bias":
            guard entry.shape.rank == 1 else { throw unexpected(entry, "a bias (\(gates)u)") }
            // PyTorch adds two biases where Keras has one.
            var zeros = line("bias_hh_l0", nil)
            let tensor = Tensor(
                [Float](repeating: 0, count: entry.shape.elementCount), shape: entry.shape)
            let made = WeightEntry(name: zeros.target, tensor: tensor)
            zeros = ConversionPlan.Line(source: nil, entry: made, target: zeros.target)
            zeros.cast = dtype == .f32 ? nil : dtype
            return [line("bias_ih_l0", nil), zeros]
        default: return nil
        }
    }

    private static func gates(of kind: String) -> Int? {
        switch kind.lowercased() {
        case "lstm": 4
        case "gru": 3
        case "simple_rnn", "simplernn": 1
        default: nil
        }
    }

    private func unexpected(_ entry: WeightEntry, _ expected: String) -> Failure {
        Failure(
            "\(source.path): '\(entry.name)' has shape \(entry.shape), expected \(expected)")
    }

    /// The role with kinds that Keras names by dimension and PyTorch treats alike.
    static func refined(_ role: ParameterRole) -> ParameterRole {
        guard case .other(let name) = role.kind else { return role }
        var role = role
        switch name {
        case "conv1d", "conv3d": role.kind = .convolution
        case "conv1d_transpose", "conv3d_transpose": role.kind = .transposedConvolution
        case "depthwise_conv1d":
            role.kind = .depthwiseConvolution
            if role.kerasName == "depthwise_kernel" { role.parameter = .kernel }
        // One row a word, in both.
        case "embedding" where role.parameter == .other("embeddings"): role.layout = .pytorch
        default: break
        }
        return role
    }
}
