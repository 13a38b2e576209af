// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// How the elements of one tensor move when its axes are laid out as another framework has them.
///
/// Every rule is a permutation of whole axes: the elements are seen as an array of ``factors``,
/// its axes are put in ``order``, and the result is called ``target``. So each rule is exact and
/// has an inverse, and a conversion can be proved by applying it.
public struct LayoutRule: Hashable, Sendable {
    public let source: Shape
    public let target: Shape
    /// The source's extents, with an axis that was flattened taken apart.
    let factors: [Int]
    /// Which of ``factors`` each axis of the result comes from, outermost first.
    let order: [Int]
    /// What moves where, in the words of formats: `HWIO -> OIHW`.
    public let description: String

    init(source: Shape, target: Shape, factors: [Int], order: [Int], _ description: String) {
        precondition(source.elementCount == target.elementCount)
        self.source = source
        self.target = target
        self.factors = factors
        self.order = order
        self.description = description
    }

    /// The rule of tensors that are the same in every layout.
    init(unchanged shape: Shape) {
        self.init(
            source: shape, target: shape, factors: shape.dimensions,
            order: Array(shape.dimensions.indices), "unchanged")
    }

    /// Whether shape and order of the elements stay as they are.
    public var isIdentity: Bool { source == target && keepsOrder }

    /// Whether the bytes stay as they are; the shape may change all the same.
    public var keepsOrder: Bool {
        let moved = order.filter { factors[$0] != 1 }
        return moved == moved.sorted() || source.elementCount == 0
    }

    /// The rule that takes the result back.
    func inverse(_ description: String) -> LayoutRule {
        var back = [Int](repeating: 0, count: order.count)
        for (position, axis) in order.enumerated() { back[axis] = position }
        return LayoutRule(
            source: target, target: source, factors: order.map { factors[$0] }, order: back,
            description)
    }

    /// The tensor with its elements moved; a view of the same bytes where none has to move.
    ///
    /// Traps when the tensor has another shape than ``source``.
    public func applied(to tensor: Tensor) -> Tensor {
        precondition(tensor.shape == source, "a rule for \(source) met \(tensor.shape)")
        return tensor.permuted(seenAs: factors, order: order, shape: target)
    }
}

extension LayoutRule: CustomStringConvertible {}
