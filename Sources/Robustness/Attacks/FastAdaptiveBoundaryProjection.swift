// SPDX-License-Identifier: Apache-2.0

/// The smallest change of a point that brings it onto a hyperplane without leaving the pixel box
/// (Croce and Hein, "Minimally distorted adversarial examples with a fast adaptive boundary
/// attack", 2020, section 2.2).
struct FastAdaptiveBoundaryProjection {
    let norm: Norm
    let normal: UnsafePointer<Float>
    let count: Int

    /// Changes `point` so that normal . change = gap, or as far towards that as the box allows.
    ///
    /// Every pixel moves in the direction that helps, by min(lambda u, room): u is 1 for linf and
    /// the size of the pixel's normal for l2, and lambda is the same for all pixels. For l1 the
    /// pixels with the largest normals move first, each as far as it can.
    ///
    /// - Parameter change: filled, `count` values.
    /// - Returns: the norm of the change.
    func write(
        from point: UnsafePointer<Float>, gap: Double, into change: UnsafeMutablePointer<Float>
    ) -> Double {
        if norm == .l1 { return writeLargestFirst(from: point, gap: gap, into: change) }
        let lambda = multiplier(from: point, gap: gap)
        let direction: Float = gap < 0 ? -1 : 1
        for index in 0..<count {
            let slope = direction * normal[index]
            let room = slope > 0 ? 1 - point[index] : point[index]
            let unit = norm == .linf ? 1 : Double(abs(slope))
            let size = slope == 0 ? 0 : min(Float(lambda * unit), room)
            change[index] = slope > 0 ? size : -size
        }
        return length(change)
    }

    /// The lambda at which normal . change reaches the gap; infinite where the box ends before.
    ///
    /// What is reached is a concave, piecewise linear function of lambda, so Newton's method from
    /// zero climbs to the solution without passing it, and ends once no more pixels are stopped.
    private func multiplier(from point: UnsafePointer<Float>, gap: Double) -> Double {
        let direction: Float = gap < 0 ? -1 : 1
        let goal = abs(gap)
        var lambda = 0.0
        while true {
            var (reached, slope) = (SIMD8<Double>(), SIMD8<Double>())
            for index in stride(from: 0, to: count, by: 8) {
                let lanes = min(8, count - index)
                let normals = normal.eightFloats(index, lanes) * direction
                let points = point.eightFloats(index, lanes)
                let room = SIMD8<Double>(points.replacing(with: 1 - points, where: normals .> 0))
                var sizes = SIMD8<Double>(normals)
                sizes.replace(with: -sizes, where: sizes .< 0)
                let units = norm == .linf ? SIMD8<Double>(repeating: 1) : sizes
                let moves = lambda * units
                let isFree = moves .< room
                reached += sizes * room.replacing(with: moves, where: isFree)
                slope.replace(with: slope + sizes * units, where: isFree)
            }
            let (sum, rate) = (reached.sum(), slope.sum())
            guard rate > 0 else { return sum < goal ? .infinity : lambda }
            let next = lambda + (goal - sum) / rate
            guard next > lambda * (1 + 1e-14) else { return lambda }
            lambda = next
        }
    }

    private func writeLargestFirst(
        from point: UnsafePointer<Float>, gap: Double, into change: UnsafeMutablePointer<Float>
    ) -> Double {
        let direction: Float = gap < 0 ? -1 : 1
        let order = (0..<count).sorted { abs(normal[$0]) > abs(normal[$1]) }
        var left = abs(gap)
        for index in order {
            let slope = direction * normal[index]
            let room = Double(slope > 0 ? 1 - point[index] : point[index])
            let size = slope == 0 ? 0 : min(left / Double(abs(slope)), room)
            change[index] = Float(slope > 0 ? size : -size)
            left = max(left - size * Double(abs(slope)), 0)
        }
        return length(change)
    }

    /// Of the normal; a value over it is the distance to the hyperplane where there is no box.
    var dualNorm: Double {
        switch norm {
        case .l2: return ThreatModel.squaredLength(normal, count: count).squareRoot()
        case .l1: return (0..<count).reduce(0) { max($0, abs(Double(normal[$1]))) }
        case .linf, .l0: return (0..<count).reduce(0) { $0 + abs(Double(normal[$1])) }
        }
    }

    private func length(_ change: UnsafePointer<Float>) -> Double {
        switch norm {
        case .l2: return ThreatModel.squaredLength(change, count: count).squareRoot()
        case .l1: return (0..<count).reduce(0) { $0 + abs(Double(change[$1])) }
        case .linf, .l0: return (0..<count).reduce(0) { max($0, abs(Double(change[$1]))) }
        }
    }
}
