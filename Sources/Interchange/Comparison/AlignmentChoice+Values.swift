// SPDX-License-Identifier: Apache-2.0

import Tensors

extension AlignmentChoice {
    /// Trained tensors further apart than this are not one tensor that was trained on, but may be
    /// one in another order. Unrelated ones are about 1.4 apart.
    static let farApart = 0.1

    /// The alignment under which the values are closest; the first unless another is far better.
    func best(of alignments: [Alignment], _ a: Tensor, _ b: Tensor) -> Alignment? {
        let readable = alignments.filter {
            ($0.ruleOfA?.source ?? a.shape) == a.shape && ($0.ruleOfB?.source ?? b.shape) == b.shape
        }
        guard var best = readable.first else { return nil }
        guard readable.count > 1, var least = SampledDistance.relativeL2(a, b, best), least > 0
        else { return best }
        for other in readable.dropFirst() {
            guard let distance = SampledDistance.relativeL2(a, b, other) else { continue }
            if distance < least / 4, distance < 0.5 {
                (best, least) = (other, distance)
                best.basis = .values
            }
        }
        return best
    }

    /// What would make two tensors of different shapes one, as a sentence.
    func hint(_ a: Tensor, _ b: Tensor, _ entryA: WeightEntry, _ entryB: WeightEntry) -> String? {
        guard a.shape.elementCount == b.shape.elementCount else { return nil }
        // Whatever the roles say, it did not fit.
        let fitting = [.asStored] + inferred(entryA, entryB)
        guard let (alignment, distance) = closest(fitting, a, b) else { return nil }
        let what = alignment.text ?? "the same elements in the same order"
        return "\(Self.word(distance)) with \(what)"
    }

    /// Which order of A's elements would make it match B, both of one shape.
    func hint(_ a: Tensor, _ b: Tensor) -> String? {
        let candidates = reorderings(a.shape).map { Alignment(a: $0, basis: .values) }
        guard let (alignment, distance) = closest(candidates, a, b),
            let text = alignment.ruleOfA?.description
        else { return nil }
        return "\(Self.word(distance)) with \(text)"
    }

    private static func word(_ distance: Double) -> String {
        distance == 0 ? "A would equal B" : "A would be close to B"
    }

    /// The candidate that brings the values together, confirmed over all elements.
    private func closest(
        _ candidates: [Alignment], _ a: Tensor, _ b: Tensor
    ) -> (Alignment, Double)? {
        var best: (Alignment, Double)?
        for candidate in candidates {
            guard let distance = SampledDistance.relativeL2(a, b, candidate),
                distance < Self.farApart / 2, distance < best?.1 ?? .infinity
            else { continue }
            best = (candidate, distance)
        }
        guard let best else { return nil }
        let difference = best.0.alignedA(a).difference(from: best.0.alignedB(b))
        let distance = difference.isEqual ? 0 : difference.relativeL2
        return distance < Self.farApart / 2 || difference.isEqual ? (best.0, distance) : nil
    }

    /// Orders that conversions mix up: whole axes that fit, flattened images, depthwise channels.
    private func reorderings(_ shape: Shape) -> [LayoutRule] {
        guard (2...5).contains(shape.rank) else { return [] }
        var rules: [LayoutRule] = []
        for order in Self.orders(of: shape.rank)
        where order != Array(0..<shape.rank) && order.map({ shape[$0] }) == shape.dimensions {
            let text = order.map(String.init).joined(separator: ", ")
            rules.append(
                LayoutRule(
                    source: shape, target: shape, factors: shape.dimensions, order: order,
                    "its axes in the order (\(text))"))
        }
        if shape.rank == 2 { rules += imageReorderings(shape) }
        if shape[1] == 1 { rules += depthwiseReorderings(shape) }
        return rules
    }

    /// Rows or columns that stand for the pixels of an image, in the other order.
    private func imageReorderings(_ shape: Shape) -> [LayoutRule] {
        channelCounts.flatMap { channels -> [LayoutRule] in
            [0, 1].flatMap { axis -> [LayoutRule] in
                guard shape[axis].isMultiple(of: channels), shape[axis] > channels else {
                    return []
                }
                let pixels = shape[axis] / channels
                let what = axis == 0 ? "rows" : "columns"
                return [(pixels, channels, "HWC to CHW"), (channels, pixels, "CHW to HWC")].map {
                    outer, inner, text in
                    LayoutRule(
                        source: shape, target: shape,
                        factors: axis == 0 ? [outer, inner, shape[1]] : [shape[0], outer, inner],
                        order: axis == 0 ? [1, 0, 2] : [0, 2, 1],
                        "its \(what), \(pixels) pixels of \(channels) channels, taken from \(text)")
                }
            }
        }
    }

    /// I * M channels counted the other way round.
    private func depthwiseReorderings(_ shape: Shape) -> [LayoutRule] {
        let channels = shape[0]
        guard channels > 3, channels <= 1 << 16 else { return [] }
        let rest = shape.elementCount / channels
        return (2...(channels / 2)).filter { channels.isMultiple(of: $0) }.map { multiplier in
            LayoutRule(
                source: shape, target: shape,
                factors: [multiplier, channels / multiplier, rest], order: [1, 0, 2],
                "its \(channels) depthwise channels counted in steps of \(channels / multiplier)")
        }
    }

    private static func orders(of count: Int) -> [[Int]] {
        guard count > 0 else { return [[]] }
        return orders(of: count - 1).flatMap { shorter in
            (0...shorter.count).map { position in
                var order = shorter
                order.insert(count - 1, at: position)
                return order
            }
        }
    }
}
