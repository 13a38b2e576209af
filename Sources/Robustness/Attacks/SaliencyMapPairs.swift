// SPDX-License-Identifier: Apache-2.0

/// The features of a map as points in the plane: how much a change raises the target (x), and how
/// much it lowers the others (y). Closed features lie at minus infinity.
struct GainPoints {
    private let target: UnsafePointer<Float>
    private let others: UnsafePointer<Float>
    private let penalty: UnsafePointer<Float>
    private let sign: Float
    private let otherSign: Float
    let count: Int

    init(_ map: SaliencyMap, penalty: UnsafePointer<Float>) {
        target = map.target
        others = map.others ?? map.target
        self.penalty = penalty
        sign = map.sign
        otherSign = map.others == nil ? map.sign : -map.sign
        count = map.count
    }

    func raised(_ index: Int) -> Float { sign * target[index] + penalty[index] }
    func lowered(_ index: Int) -> Float { otherSign * others[index] + penalty[index] }

    /// Eight points from `index` on, those past the end closed.
    @inline(__always)
    func eight(_ index: Int) -> (raised: SIMD8<Float>, lowered: SIMD8<Float>) {
        let lanes = min(8, count - index)
        let closed = penalty.eightFloats(index, 8)
        return (
            sign * target.eightFloats(index, lanes) + closed,
            otherSign * others.eightFloats(index, lanes) + closed
        )
    }

    /// The largest coordinates there are.
    var extent: (raised: Float, lowered: Float) {
        var raised = SIMD8<Float>(repeating: -.infinity)
        var lowered = raised
        for index in stride(from: 0, to: count, by: 8) {
            let points = eight(index)
            raised.replace(with: points.raised, where: points.raised .> raised)
            lowered.replace(with: points.lowered, where: points.lowered .> lowered)
        }
        return (raised.max(), lowered.max())
    }

    /// The two points with the largest `weight`, equals in their order; nil where fewer are open.
    @inline(__always)
    func largestTwo(by weight: (SIMD8<Float>, SIMD8<Float>) -> SIMD8<Float>) -> (Int, Int)? {
        var first = SIMD8<Float>(repeating: -.infinity)
        var second = first
        var firstIndex = SIMD8<Int32>(repeating: -1)
        var secondIndex = firstIndex
        var here = SIMD8<Int32>(0, 1, 2, 3, 4, 5, 6, 7)
        for index in stride(from: 0, to: count, by: 8) {
            let points = eight(index)
            let value = weight(points.raised, points.lowered)
            if any(value .> second) {
                let isFirst = value .> first
                let isSecond = (value .> second) .& .!isFirst
                second.replace(with: first, where: isFirst)
                secondIndex.replace(with: firstIndex, where: isFirst)
                second.replace(with: value, where: isSecond)
                secondIndex.replace(with: here, where: isSecond)
                first.replace(with: value, where: isFirst)
                firstIndex.replace(with: here, where: isFirst)
            }
            here &+= 8
        }
        var ranked = Ranked()
        for lane in 0..<8 {
            ranked.offer(first[lane], Int(firstIndex[lane]))
            ranked.offer(second[lane], Int(secondIndex[lane]))
        }
        return ranked.pair
    }

    /// The best two of what is offered, the smaller index first among equals.
    private struct Ranked {
        private var first = (value: -Float.infinity, index: -1)
        private var second = (value: -Float.infinity, index: -1)

        mutating func offer(_ value: Float, _ index: Int) {
            guard index >= 0 else { return }
            if first.index < 0 || (value, -index) > (first.value, -first.index) {
                (first, second) = ((value, index), first)
            } else if second.index < 0 || (value, -index) > (second.value, -second.index) {
                second = (value, index)
            }
        }

        var pair: (Int, Int)? { second.index < 0 ? nil : (first.index, second.index) }
    }
}

/// The exact best pair without a matrix of pairs.
///
/// Whoever replaces a member of a pair by a point that is not smaller in either coordinate makes
/// the product no smaller; so some best pair has only points that at most one other point
/// dominates. A good pair, found first, rules out all points that could not reach it even beside
/// the largest coordinates there are. That leaves a few dozen points of thousands in practice and
/// needs O(n) memory whatever happens.
struct PairSearch {
    private struct Point {
        let raised: Double
        let lowered: Double
        let index: Int
    }

    /// Kept between calls, so that the search allocates once.
    private var candidates: [Point] = []

    /// Of equals the pair with the smallest first, then second index; nil where no pair raises the
    /// target and lowers the others.
    mutating func best(of points: GainPoints) -> (Int, Int)? {
        let extent = points.extent
        guard extent.raised > 0, extent.lowered > 0 else { return nil }
        collect(points, extent: extent)
        keepUndominated()
        return bestPair(lowered: Double(extent.lowered))
    }

    private mutating func collect(_ points: GainPoints, extent: (raised: Float, lowered: Float)) {
        candidates.removeAll(keepingCapacity: true)
        // Coordinates as shares of the largest ones, so that products neither over- nor underflow.
        let ordinary: ClosedRange<Float> = 1e-30...1e30
        let isScaled = ordinary.contains(extent.raised) && ordinary.contains(extent.lowered)
        let (x, y) = isScaled ? (1 / extent.raised, 1 / extent.lowered) : (0, 0)
        var floor = -Float.infinity
        if isScaled, let (p, q) = points.largestTwo(by: { $0 * x + $1 * y }) {
            let sum = x * (points.raised(p) + points.raised(q))
            let other = y * (points.lowered(p) + points.lowered(q))
            // Rounding of shares must not rule out a best pair.
            if sum > 0, other > 0 { floor = sum * other * (1 - 1e-5) - 1e-5 }
        }
        for index in stride(from: 0, to: points.count, by: 8) {
            let (raised, lowered) = points.eight(index)
            let isOpen = (raised + extent.raised .> 0) .& (lowered + extent.lowered .> 0)
            let reach = (raised * x + 1) * (lowered * y + 1)
            let isCandidate = isScaled ? isOpen .& (reach .>= floor) : isOpen
            guard any(isCandidate) else { continue }
            for lane in 0..<8 where isCandidate[lane] {
                candidates.append(
                    Point(
                        raised: Double(raised[lane]), lowered: Double(lowered[lane]),
                        index: index + lane))
            }
        }
    }

    /// Leaves the points that fewer than two others dominate, by falling gain of the target.
    private mutating func keepUndominated() {
        candidates.sort { left, right in
            if left.raised != right.raised { return left.raised > right.raised }
            if left.lowered != right.lowered { return left.lowered > right.lowered }
            return left.index < right.index
        }
        var (first, second) = (-Double.infinity, -Double.infinity)
        var kept = 0
        for position in candidates.indices {
            let point = candidates[position]
            if point.lowered > first {
                (first, second) = (point.lowered, first)
            } else if point.lowered > second {
                second = point.lowered
            } else {
                continue
            }
            candidates[kept] = point
            kept += 1
        }
        candidates.removeSubrange(kept...)
    }

    private func bestPair(lowered largest: Double) -> (Int, Int)? {
        var best: (Int, Int)?
        var score = 0.0
        for (position, p) in candidates.enumerated() {
            for q in candidates[(position + 1)...] {
                let raised = p.raised + q.raised
                // Later points raise less, and none lowers more than the largest.
                guard raised > 0, raised * (p.lowered + largest) >= score else { break }
                let lowered = p.lowered + q.lowered
                guard lowered > 0, raised * lowered >= score else { continue }
                let pair = (min(p.index, q.index), max(p.index, q.index))
                if raised * lowered > score || best.map({ pair < $0 }) ?? true {
                    (best, score) = (pair, raised * lowered)
                }
            }
        }
        return best
    }
}
