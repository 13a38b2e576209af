// SPDX-License-Identifier: Apache-2.0

/// Count, extremes, mean and squared deviation of some elements, mergeable with those of others.
struct RunningMoments: Sendable {
    /// Finite elements; all others are only counted.
    private(set) var count = 0
    private(set) var minimum = Double.infinity
    private(set) var maximum = -Double.infinity
    private(set) var mean = 0.0
    /// The sum of squared differences from the mean.
    private(set) var squaredDeviation = 0.0
    private(set) var zeros = 0
    private(set) var subnormals = 0
    private(set) var notANumber = 0
    private(set) var infinite = 0

    init() {}

    /// The elements `range` of `reader`.
    init(_ reader: NumberReader, _ range: Range<Int>) {
        var total = RunningMoments()
        let leastNormal = reader.leastNormal
        if reader.isSingle {
            reader.forEachSingleRun(range) { run, count in
                // Sums are taken of differences from a number near the mean, so that a mean far
                // from zero cancels nothing.
                let pilot =
                    total.count > 0 ? total.mean : Double(run.loadUnaligned(as: Float.self))
                let part =
                    RunningMoments(
                        finite: run, count, pilot: pilot, leastNormal: Float(leastNormal))
                    ?? RunningMoments(
                        count, pilot: total.count > 0 ? total.mean : nil, leastNormal: leastNormal
                    ) { Double(run.loadUnaligned(fromByteOffset: $0 &* 4, as: Float.self)) }
                total.merge(part)
            }
        } else {
            reader.forEachRun(range) { run, count in
                total.merge(
                    RunningMoments(
                        count, pilot: total.count > 0 ? total.mean : nil, leastNormal: leastNormal
                    ) { run[$0] })
            }
        }
        self = total
    }

    /// Elements one after the other, of any kind.
    ///
    /// - Parameter pilot: nil stands for the first finite element.
    @inline(__always)
    private init(
        _ elementCount: Int, pilot: Double?, leastNormal: Double, _ element: (Int) -> Double
    ) {
        var pilot = pilot ?? .nan
        var (sum, squares) = (0.0, 0.0)
        for index in 0..<elementCount {
            let value = element(index)
            guard value.isFinite else {
                if value.isNaN { notANumber += 1 } else { infinite += 1 }
                continue
            }
            count += 1
            if !pilot.isFinite { pilot = value }
            minimum = Swift.min(minimum, value)
            maximum = Swift.max(maximum, value)
            if value.magnitude < leastNormal {
                if value == 0 { zeros += 1 } else { subnormals += 1 }
            }
            let difference = value - pilot
            sum += difference
            squares += difference * difference
        }
        setMoments(pilot: pilot, sum: sum, squares: squares)
    }

    /// Eight elements at a time; nil when they are not all finite.
    private init?(
        finite run: UnsafeRawPointer, _ elementCount: Int, pilot: Double, leastNormal: Float
    ) {
        let groups = elementCount / 8
        var low = SIMD8<Float>(repeating: .infinity)
        var high = SIMD8<Float>(repeating: -.infinity)
        var (sums, squares) = (SIMD4<Double>(), SIMD4<Double>())
        var tiny = SIMD8<Int32>()
        let pilots = SIMD4<Double>(repeating: pilot)
        let bound = Int32(bitPattern: leastNormal.bitPattern)
        for group in 0..<groups {
            let values = run.loadUnaligned(fromByteOffset: group &* 32, as: SIMD8<Float>.self)
            low.replace(with: values, where: values .< low)
            high.replace(with: values, where: values .> high)
            let first = SIMD4<Double>(values.lowHalf) - pilots
            let second = SIMD4<Double>(values.highHalf) - pilots
            sums += first + second
            squares += first * first + second * second
            // -1 in every lane below the bound: comparisons of integer lanes are not vectorised.
            let magnitudes = unsafeBitCast(values, to: SIMD8<Int32>.self) & Int32.max
            tiny &+= (magnitudes &- bound) &>> 31
        }
        let sum = sums.sum()
        // A NaN or an infinity in any lane leaves its mark here.
        guard sum.isFinite else { return nil }
        count = groups * 8
        if groups > 0 {
            minimum = Double(low.min())
            maximum = Double(high.max())
        }
        let below = -Int(tiny.wrappedSum())
        if below > 0 {
            zeros = Self.zeros(run, groups)
            subnormals = below - zeros
        }
        setMoments(pilot: pilot, sum: sum, squares: squares.sum())
        let rest = RunningMoments(
            elementCount - count, pilot: pilot, leastNormal: Double(leastNormal)
        ) { Double(run.loadUnaligned(fromByteOffset: (groups &* 8 &+ $0) &* 4, as: Float.self)) }
        merge(rest)
    }

    private static func zeros(_ run: UnsafeRawPointer, _ groups: Int) -> Int {
        var zeros = SIMD8<Int32>()
        for group in 0..<groups {
            let values = run.loadUnaligned(fromByteOffset: group &* 32, as: SIMD8<Int32>.self)
            zeros &+= ((values & Int32.max) &- 1) &>> 31
        }
        return -Int(zeros.wrappedSum())
    }

    private mutating func setMoments(pilot: Double, sum: Double, squares: Double) {
        guard count > 0 else { return }
        let shift = sum / Double(count)
        mean = pilot + shift
        squaredDeviation = Swift.max(0, squares - shift * sum)
    }

    /// Adds what is known of other elements (Chan, Golub and LeVeque, "Updating formulae and a
    /// pairwise algorithm for computing sample variances", 1979).
    mutating func merge(_ other: RunningMoments) {
        zeros += other.zeros
        subnormals += other.subnormals
        notANumber += other.notANumber
        infinite += other.infinite
        guard other.count > 0 else { return }
        let sum = count + other.count
        let difference = other.mean - mean
        let share = Double(other.count) / Double(sum)
        squaredDeviation += other.squaredDeviation + difference * difference * share * Double(count)
        mean += difference * share
        minimum = Swift.min(minimum, other.minimum)
        maximum = Swift.max(maximum, other.maximum)
        count = sum
    }
}
