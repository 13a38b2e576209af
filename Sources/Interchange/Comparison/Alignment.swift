// SPDX-License-Identifier: Apache-2.0

import Tensors

/// How two tensors are brought to the same axes before they are compared.
public struct Alignment: Hashable, Sendable {
    /// What is done to either tensor; nil for nothing.
    public internal(set) var ruleOfA: LayoutRule?
    public internal(set) var ruleOfB: LayoutRule?
    public internal(set) var basis = Basis.none

    /// Why these rules.
    public enum Basis: String, Hashable, Sendable {
        /// Nothing had to be done.
        case none
        /// The files say which layer and layout the tensors are of.
        case roles
        /// The only rule that makes one shape of the other.
        case shapes
        /// Of several that fit, the one under which the values are close.
        case values
    }

    /// As they lie in the files.
    static let asStored = Alignment()

    init(a ruleOfA: LayoutRule? = nil, b ruleOfB: LayoutRule? = nil, basis: Basis = .none) {
        self.ruleOfA = ruleOfA.flatMap { $0.isIdentity ? nil : $0 }
        self.ruleOfB = ruleOfB.flatMap { $0.isIdentity ? nil : $0 }
        self.basis = self.ruleOfA == nil && self.ruleOfB == nil ? .none : basis
    }

    /// `A: HWIO -> OIHW`; nil when nothing is done.
    public var text: String? {
        let parts = [ruleOfA.map { "A: \($0)" }, ruleOfB.map { "B: \($0)" }].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    func shapeOfA(_ a: Shape) -> Shape { ruleOfA?.target ?? a }
    func shapeOfB(_ b: Shape) -> Shape { ruleOfB?.target ?? b }
}

/// Which alignments two tensors allow.
struct AlignmentChoice {
    let isLayoutExact: Bool
    /// Output channels of the convolutions of either file: what a flattened image may have.
    let channelCounts: [Int]

    init(_ entries: [WeightEntry], isLayoutExact: Bool) {
        self.isLayoutExact = isLayoutExact
        var counts: Set<Int> = []
        for entry in entries where (3...5).contains(entry.shape.rank) {
            switch entry.role?.layout {
            case .keras: counts.insert(entry.shape[entry.shape.rank - 1])
            case .pytorch: counts.insert(entry.shape[0])
            case nil: counts.formUnion([entry.shape[0], entry.shape[entry.shape.rank - 1]])
            }
            // A depthwise kernel of Keras has its channels in two axes.
            if entry.role?.kind == .depthwiseConvolution, entry.role?.layout == .keras {
                counts.insert(entry.shape.dimensions.suffix(2).reduce(1, &*))
            }
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
        switch (a.role, b.role) {
        case (let left?, let right?) where left.layout == right.layout:
            return asStored
        case (let left?, let right?):
            let stated = stated(a, left, b, right)
            // A kernel behind an image flattened in an order nobody states.
            let isOpen = left.kind == .dense && left.flatten == nil && right.flatten == nil
            guard let stated else { return asStored + inferred(a, b) }
            return [stated] + (isOpen ? flattened(a, b, movesA: left.layout == .keras) : [])
        case (nil, nil):
            // The same shape and nothing that speaks against it: compared as they are.
            return asStored.isEmpty ? inferred(a, b) : asStored
        default:
            return asStored + oneSided(a, b) + inferred(a, b)
        }
    }

    /// Both roles known, in different layouts: the Keras side is brought to PyTorch's.
    private func stated(
        _ a: WeightEntry, _ left: ParameterRole, _ b: WeightEntry, _ right: ParameterRole
    ) -> Alignment? {
        var role = left.layout == .keras ? left : right
        role.flatten = left.flatten ?? right.flatten
        let entry = left.layout == .keras ? a : b
        guard let rule = try? LayoutRule(for: role, shape: entry.shape, to: .pytorch) else {
            return nil
        }
        let alignment =
            left.layout == .keras
            ? Alignment(a: rule, basis: .roles) : Alignment(b: rule, basis: .roles)
        return fits(alignment, a, b) ? alignment : nil
    }

    /// One role known: the other tensor may lie in the other layout.
    private func oneSided(_ a: WeightEntry, _ b: WeightEntry) -> [Alignment] {
        guard var role = a.role ?? b.role else { return [] }
        let knowsA = a.role != nil
        // Of the two the Keras one is moved.
        let movesA = knowsA == (role.layout == .keras)
        role.layout = .keras
        guard
            let rule = try? LayoutRule(
                for: role, shape: movesA ? a.shape : b.shape, to: .pytorch)
        else { return [] }
        let alignment =
            movesA ? Alignment(a: rule, basis: .values) : Alignment(b: rule, basis: .values)
        return fits(alignment, a, b) ? [alignment] : []
    }

    /// The rules that make one shape of the other, either tensor taken for Keras's.
    private func inferred(_ a: WeightEntry, _ b: WeightEntry) -> [Alignment] {
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
    ///
    /// - Parameter movesA: which tensor is Keras's; nil to try both.
    private func flattened(
        _ a: WeightEntry, _ b: WeightEntry, movesA: Bool? = nil
    ) -> [Alignment] {
        guard a.shape.rank == 2, b.shape.rank == 2 else { return [] }
        let ofA = movesA == false ? [] : flattenRules(a.shape)
        let ofB = movesA == true ? [] : flattenRules(b.shape)
        let candidates =
            ofA.map { Alignment(a: $0, basis: .values) }
            + ofB.map { Alignment(b: $0, basis: .values) }
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
