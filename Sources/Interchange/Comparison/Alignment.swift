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
