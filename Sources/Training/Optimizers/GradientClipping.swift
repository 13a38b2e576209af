// SPDX-License-Identifier: Apache-2.0

/// Keeps one bad batch from throwing the weights away.
public enum GradientClipping {
    /// The Euclidean norm of all trainable gradients together, summed in double precision and in
    /// one fixed order.
    public static func globalNorm(
        _ gradients: UnsafeBufferPointer<Float>, slices: [ParameterSlice]
    ) -> Double {
        var sum = 0.0
        for run in slices.trainableRuns {
            sum += squareSum(UnsafeBufferPointer(rebasing: gradients[run]))
        }
        return sum.squareRoot()
    }

    /// Scales the gradients down to `maximumNorm` when their global norm is above it
    /// (`torch.nn.utils.clip_grad_norm_`, whose 1e-6 in the denominator is kept).
    ///
    /// - Returns: the norm before clipping.
    @discardableResult
    public static func clip(
        _ gradients: UnsafeMutableBufferPointer<Float>, slices: [ParameterSlice],
        maximumNorm: Double
    ) -> Double {
        let norm = globalNorm(UnsafeBufferPointer(gradients), slices: slices)
        let factor = maximumNorm / (norm + 1e-6)
        // NaN and infinity are left for the caller to see.
        guard factor < 1, norm.isFinite else { return norm }
        let scale = Float(factor)
        for run in slices.trainableRuns {
            for index in run { gradients[index] *= scale }
        }
        return norm
    }

    /// Eight partial sums, because a single one would wait for each addition.
    private static func squareSum(_ values: UnsafeBufferPointer<Float>) -> Double {
        var lanes = SIMD8<Double>()
        let whole = values.count & ~7
        for start in stride(from: 0, to: whole, by: 8) {
            for lane in 0..<8 {
                let value = Double(values[start + lane])
                lanes[lane] += value * value
            }
        }
        var sum = lanes.sum()
        for index in whole..<values.count { sum += Double(values[index]) * Double(values[index]) }
        return sum
    }
}
