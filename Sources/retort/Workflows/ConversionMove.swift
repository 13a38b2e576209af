// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors

/// How the elements of one tensor move from one layout to another.
enum ConversionMove: Hashable {
    /// A permutation of axes.
    case rule(LayoutRule)
    /// A recurrent layer's kernel or bias.
    case recurrent(RecurrentMove)

    var shape: Shape {
        switch self {
        case .rule(let rule): rule.target
        case .recurrent(let move): move.target
        }
    }

    var description: String {
        switch self {
        case .rule(let rule): rule.description
        case .recurrent(let move): move.description
        }
    }

    func applied(to tensor: Tensor) throws(InterchangeError) -> Tensor {
        switch self {
        case .rule(let rule):
            guard tensor.shape == rule.source else {
                throw InterchangeError(
                    .mismatch, "a tensor", "found \(tensor.shape), expected \(rule.source)")
            }
            return rule.applied(to: tensor)
        case .recurrent(let move): return try move.applied(to: tensor)
        }
    }
}

/// From Keras's recurrent layers to PyTorch's (`docs/formats.md`, section 3): kernels are
/// transposed, and a GRU's gates z, r, h become r, z, n. Its bias has a row for each side.
struct RecurrentMove: Hashable {
    let source: Shape
    let target: Shape
    /// Which row of a bias with two is taken; nil for kernels.
    let row: Int?
    /// Gates of the layer, of which a GRU's first two change places.
    let gates: Int
    let swapsGates: Bool
    let description: String

    /// A kernel (in, gates x units).
    init?(kernel shape: Shape, gates: Int, swapsGates: Bool) {
        guard shape.rank == 2, shape[1].isMultiple(of: gates) else { return nil }
        source = shape
        target = [shape[1], shape[0]]
        row = nil
        self.gates = gates
        self.swapsGates = swapsGates
        description =
            "(in, \(gates)u) -> (\(gates)u, in)" + (swapsGates ? ", gates z r h to r z n" : "")
    }

    /// One row of a bias (2, gates x units).
    init?(bias shape: Shape, row: Int, gates: Int) {
        guard shape.rank == 2, shape[0] == 2, shape[1].isMultiple(of: gates) else { return nil }
        source = shape
        target = [shape[1]]
        self.row = row
        self.gates = gates
        swapsGates = true
        description = "row \(row) of (2, \(gates)u), gates z r h to r z n"
    }

    func applied(to tensor: Tensor) throws(InterchangeError) -> Tensor {
        do throws(TensorError) {
            if let row {
                return try swapped(tensor.rows(row..<(row + 1)).reshaped(to: target))
            }
        } catch {
            throw InterchangeError(.mismatch, "a recurrent bias", error.description)
        }
        return swapped(try transposed(tensor, to: .pytorch))
    }

    /// What a kernel was made from.
    func undone(_ tensor: Tensor) throws(InterchangeError) -> Tensor {
        try transposed(swapped(tensor), to: .keras)
    }

    private func transposed(
        _ tensor: Tensor, to layout: ParameterRole.Layout
    ) throws(InterchangeError) -> Tensor {
        // The arithmetic of a recurrent kernel is a dense layer's.
        let role = ParameterRole(
            layer: "", kind: .dense, parameter: .kernel,
            layout: layout == .keras ? .pytorch : .keras)
        return try WeightEntry(name: "kernel", tensor: tensor, role: role)
            .converted(to: layout).tensor()
    }

    /// The tensor (gates x units, ...) with its first two gates in the other order.
    private func swapped(_ tensor: Tensor) -> Tensor {
        guard swapsGates else { return tensor }
        let size = tensor.byteCount / gates
        let region = tensor.withUnsafeBytes { bytes in
            ByteRegion(count: bytes.count) { buffer in
                for (from, to) in [(1, 0), (0, 1), (2, 2)] {
                    let length = from == 2 ? bytes.count - 2 * size : size
                    let part = UnsafeRawBufferPointer(
                        rebasing: bytes[(from * size)..<(from * size + length)])
                    UnsafeMutableRawBufferPointer(rebasing: buffer[(to * size)...])
                        .copyMemory(from: part)
                }
            }
        }
        do throws(TensorError) {
            return try Tensor(tensor.elementType, shape: tensor.shape, viewing: region)
        } catch {
            preconditionFailure(error.description)
        }
    }
}
