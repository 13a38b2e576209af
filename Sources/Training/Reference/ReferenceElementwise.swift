// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An elementwise function; NaN stays NaN.
struct ReferenceActivation: ReferenceLayer {
    let activation: Activation

    func forward(_ inputs: [[Double]]) -> [Double] {
        switch activation {
        case .relu: inputs[0].map { $0 <= 0 ? 0 : $0 }
        case .leakyRelu(let slope): inputs[0].map { $0 <= 0 ? Double(slope) * $0 : $0 }
        case .tanh: inputs[0].map { Glibc.tanh($0) }
        case .sigmoid: inputs[0].map { 1 / (1 + exp(-$0)) }
        }
    }

    func backward(_ gradient: [Double], inputs: [[Double]], output: [Double]) -> [[Double]] {
        let slopes =
            switch activation {
            case .relu: inputs[0].map { $0 <= 0 ? 0.0 : 1 }
            case .leakyRelu(let slope): inputs[0].map { $0 <= 0 ? Double(slope) : 1 }
            case .tanh: output.map { (1 - $0) * (1 + $0) }
            // 1 - s of a saturated unit rounds to 0 where exp(-x) does not.
            case .sigmoid: zip(inputs[0], output).map { $1 / (1 + exp($0)) }
            }
        return [zip(gradient, slopes).map { $0 * $1 }]
    }
}

/// The largest value under the window; its gradient goes to the first of equals.
struct ReferenceMaxPool: ReferenceLayer {
    let window: ReferenceWindow

    func forward(_ inputs: [[Double]]) -> [Double] {
        var result = [Double](repeating: -.infinity, count: window.outputCount)
        window.forEachPosition { output, covered in
            if let winner = Self.winner(covered, inputs[0]) { result[output] = inputs[0][winner] }
        }
        return result
    }

    func backward(_ gradient: [Double], inputs: [[Double]], output: [Double]) -> [[Double]] {
        var result = [Double](repeating: 0, count: inputs[0].count)
        window.forEachPosition { output, covered in
            if let winner = Self.winner(covered, inputs[0]) { result[winner] += gradient[output] }
        }
        return [result]
    }

    /// The first element with the largest value, or the first NaN.
    private static func winner(_ covered: [Int], _ values: [Double]) -> Int? {
        var best = covered.first
        for index in covered {
            guard let current = best, !values[current].isNaN else { break }
            if values[index] > values[current] || values[index].isNaN { best = index }
        }
        return best
    }
}

/// The mean of the values under the window.
struct ReferenceAveragePool: ReferenceLayer {
    let window: ReferenceWindow
    /// Whether padded zeros count in the denominator.
    let countsPadding: Bool

    func forward(_ inputs: [[Double]]) -> [Double] {
        var result = [Double](repeating: 0, count: window.outputCount)
        window.forEachPosition { output, covered in
            let sum = covered.reduce(0.0) { $0 + inputs[0][$1] }
            result[output] = sum / denominator(covered)
        }
        return result
    }

    func backward(_ gradient: [Double], inputs: [[Double]], output: [Double]) -> [[Double]] {
        var result = [Double](repeating: 0, count: inputs[0].count)
        window.forEachPosition { output, covered in
            let share = gradient[output] / denominator(covered)
            for index in covered { result[index] += share }
        }
        return [result]
    }

    private func denominator(_ covered: [Int]) -> Double {
        Double(countsPadding ? window.elementCount : max(covered.count, 1))
    }
}
