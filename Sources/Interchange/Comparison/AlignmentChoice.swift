// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Which alignments two tensors of two files allow.
///
/// Rules are used where the files lie in two layouts, by their roles or by the words they use for
/// parameters. Two files of one layout, or of none that is known, are compared as they are: a
/// transposed kernel is a difference there.
struct AlignmentChoice {
    let isLayoutExact: Bool
    let layoutOfA: ParameterRole.Layout?
    let layoutOfB: ParameterRole.Layout?
    /// Channels of the convolutions of either file: what a flattened image may have.
    let channelCounts: [Int]

    init(_ a: [WeightEntry], _ b: [WeightEntry], isLayoutExact: Bool) {
        self.isLayoutExact = isLayoutExact
        layoutOfA = EntryName.layout(of: a)
        layoutOfB = EntryName.layout(of: b)
        var counts: Set<Int> = []
        for shape in (a + b).map(\.shape) where (3...5).contains(shape.rank) {
            counts.formUnion(shape.dimensions.prefix(2))
            counts.formUnion(shape.dimensions.suffix(2))
            // A depthwise kernel of Keras has its channels in two axes.
            counts.insert(shape.dimensions.suffix(2).reduce(1, &*))
        }
        channelCounts = counts.filter { $0 > 1 }.sorted()
    }

    /// The alignments to consider, the most credible first; none when the shapes cannot be of one
    /// tensor.
    func alignments(_ a: WeightEntry, _ b: WeightEntry) -> [Alignment] {
        let asStored: [Alignment] = a.shape == b.shape ? [.asStored] : []
        guard !isLayoutExact, a.shape.elementCount == b.shape.elementCount,
            max(a.shape.rank, b.shape.rank) > 1
        else { return asStored }
        let (left, right) = (a.role?.layout ?? layoutOfA, b.role?.layout ?? layoutOfB)
        guard left != right else { return asStored }
        let movesA = left == .keras || right == .pytorch
        let isOpen = a.role == nil || b.role == nil
        guard let rule = rule(a, b, movesA: movesA) else {
            // Nothing says what kind of kernel it is.
            let inferred = inferred(a, b).filter { ($0.ruleOfA != nil) == movesA }
            return left == nil || right == nil ? asStored + inferred : inferred + asStored
        }
        let basis: Alignment.Basis = isOpen ? .values : .roles
        let moved =
            movesA ? Alignment(a: rule, basis: basis) : Alignment(b: rule, basis: basis)
        var result = fits(moved, a, b) ? [moved] : []
        if left == nil || right == nil {
            result = asStored + result
        } else if isOpen {
            result += asStored
        }
        // A kernel behind an image flattened in an order that nobody states.
        let kind = (a.role ?? b.role)?.kind
        if kind == .dense, a.role?.flatten == nil, b.role?.flatten == nil {
            result += flattened(a, b).filter { ($0.ruleOfA != nil) == movesA }
        }
        return result
    }

    /// The rule of the tensor that is Keras's, by whatever the two roles say.
    private func rule(_ a: WeightEntry, _ b: WeightEntry, movesA: Bool) -> LayoutRule? {
        guard var role = movesA ? a.role ?? b.role : b.role ?? a.role else { return nil }
        role.layout = .keras
        role.flatten = a.role?.flatten ?? b.role?.flatten
        return try? LayoutRule(for: role, shape: movesA ? a.shape : b.shape, to: .pytorch)
    }

    /// The rules that make one shape of the other, either tensor taken for Keras's.
    func inferred(_ a: WeightEntry, _ b: WeightEntry) -> [Alignment] {
        let candidates =
            kernelRules(a.shape).map { Alignment(a: $0, basis: .shapes) }
            + kernelRules(b.shape).map { Alignment(b: $0, basis: .shapes) }
        return candidates.filter { fits($0, a, b) && $0.basis != .none } + flattened(a, b)
    }

    private func kernelRules(_ shape: Shape) -> [LayoutRule] {
        [
            try? LayoutRule.convolution(shape, to: .pytorch),
            try? LayoutRule.depthwise(shape, multiplier: nil, to: .pytorch),
            try? LayoutRule.dense(shape, flattened: nil, to: .pytorch),
        ].compactMap { $0 } + LayoutRule.attention(shape)
    }

    /// The orders in which an image of a plausible number of channels may have been flattened.
    private func flattened(_ a: WeightEntry, _ b: WeightEntry) -> [Alignment] {
        guard a.shape.rank == 2, b.shape.rank == 2 else { return [] }
        let candidates =
            flattenRules(a.shape).map { Alignment(a: $0, basis: .values) }
            + flattenRules(b.shape).map { Alignment(b: $0, basis: .values) }
        return candidates.filter { fits($0, a, b) }
    }

    private func flattenRules(_ shape: Shape) -> [LayoutRule] {
        channelCounts.compactMap { channels in
            guard shape[0].isMultiple(of: channels), shape[0] > channels else { return nil }
            // How the pixels lie among themselves is the same in both orders.
            let pixels = shape[0] / channels
            return LayoutRule(
                source: shape, target: Shape(trusted: [shape[1], shape[0]]),
                factors: [pixels, channels, shape[1]], order: [2, 1, 0],
                "(in, out) -> (out, in), rows of \(pixels) pixels and \(channels) channels from "
                    + "HWC to CHW")
        }
    }

    private func fits(_ alignment: Alignment, _ a: WeightEntry, _ b: WeightEntry) -> Bool {
        alignment.shapeOfA(a.shape) == alignment.shapeOfB(b.shape)
    }
}

extension LayoutRule {
    /// Keras splits the projections of an attention by heads, PyTorch does not: (d, heads, h) to
    /// (heads * h, d), and (heads, h, d) to (d, heads * h).
    static func attention(_ shape: Shape) -> [LayoutRule] {
        guard shape.rank == 3,
            let inwards = try? Shape([shape[1] &* shape[2], shape[0]]),
            let outwards = try? Shape([shape[2], shape[0] &* shape[1]]),
            inwards.elementCount == shape.elementCount,
            outwards.elementCount == shape.elementCount
        else { return [] }
        return [
            LayoutRule(
                source: shape, target: inwards, factors: shape.dimensions, order: [1, 2, 0],
                "(in, heads, size) -> (heads * size, in)"),
            LayoutRule(
                source: shape, target: outwards, factors: shape.dimensions, order: [2, 0, 1],
                "(heads, size, out) -> (out, heads * size)"),
        ]
    }
}
