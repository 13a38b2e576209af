// SPDX-License-Identifier: Apache-2.0

import Tensors

extension WeightEntry {
    /// The rule that puts the tensor into `layout`; `unchanged` where it is the same in both.
    ///
    /// - Throws: ``InterchangeError`` naming the tensor when its role is not known, its shape does
    ///   not fit its role, or the role says too little. Nothing is guessed.
    public func layoutRule(
        to layout: ParameterRole.Layout
    ) throws(InterchangeError) -> LayoutRule {
        guard let role else {
            // Vectors and scalars are the same everywhere, whatever they are.
            if shape.rank < 2 { return LayoutRule(unchanged: shape) }
            throw mismatch(
                "nothing says which layer it belongs to, so the axes of \(shape) cannot be put "
                    + "in \(layout.title)'s layout")
        }
        do {
            return try LayoutRule(for: role, shape: shape, to: layout)
        } catch {
            throw mismatch(error.problem)
        }
    }

    /// The tensor as `layout` has it. Its elements are moved when they are asked for, one tensor
    /// at a time.
    ///
    /// - Throws: ``InterchangeError`` as ``layoutRule(to:)`` does.
    public func converted(
        to layout: ParameterRole.Layout
    ) throws(InterchangeError) -> WeightEntry {
        guard role?.layout != layout else { return self }
        let rule = try layoutRule(to: layout)
        guard rule.isIdentity else { return try applying(rule, layout: layout) }
        var entry = self
        entry.role?.layout = layout
        return entry
    }

    /// The entry with its elements moved by `rule`. The stated digest and the tie go: they are of
    /// the elements as they lie in the file.
    func applying(
        _ rule: LayoutRule, layout: ParameterRole.Layout
    ) throws(InterchangeError) -> WeightEntry {
        guard let elementType else {
            throw mismatch("elements of type \(typeName) are listed and not read")
        }
        var role = role
        role?.layout = layout
        if role?.kind == .depthwiseConvolution {
            // Keras's shape tells it, PyTorch's does not.
            role?.depthMultiplier = layout == .pytorch ? rule.source.dimensions.last : nil
        }
        let source = self
        var entry = WeightEntry(
            name: name, elementType: elementType, shape: rule.target, role: role
        ) { () throws(InterchangeError) in
            let tensor = try source.tensor()
            guard tensor.shape == rule.source else {
                throw source.mismatch("found \(tensor.shape), expected \(rule.source)")
            }
            return rule.applied(to: tensor)
        }
        entry.sourceName = sourceName
        return entry
    }

    private func mismatch(_ problem: String) -> InterchangeError {
        InterchangeError(.mismatch, "tensor '\(name)'", problem)
    }
}
