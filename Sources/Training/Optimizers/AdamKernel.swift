// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One step of Adam or AdamW over flat buffers, in the order of operations of `torch.optim.Adam`.
struct AdamKernel {
    /// 1 - beta1, rounded once from double precision, as PyTorch does.
    let firstShare: Float
    let beta2: Float
    let secondShare: Float
    /// learning rate / (1 - beta1^step)
    let stepSize: Float
    /// 1 / sqrt(1 - beta2^step)
    let inverseRootCorrection: Float
    let epsilon: Float
    /// Added to the gradient as weightDecay p; 0 in AdamW.
    let coupledDecay: Float
    /// 1 - learning rate * weightDecay in AdamW; 1 in Adam.
    let shrink: Float

    /// - Parameter step: counts from 1.
    init(
        beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double, decoupled: Bool,
        learningRate: Double, step: Int
    ) {
        firstShare = Float(1 - beta1)
        self.beta2 = Float(beta2)
        secondShare = Float(1 - beta2)
        stepSize = Float(learningRate / (1 - pow(beta1, Double(step))))
        inverseRootCorrection = Float(1 / (1 - pow(beta2, Double(step))).squareRoot())
        self.epsilon = Float(epsilon)
        coupledDecay = decoupled ? 0 : Float(weightDecay)
        shrink = decoupled ? Float(1 - learningRate * weightDecay) : 1
    }

    /// - Parameters:
    ///   - first: the running mean of the gradient (`exp_avg`).
    ///   - second: the running mean of its square (`exp_avg_sq`).
    func step(
        _ values: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>,
        first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>, count: Int
    ) {
        for index in 0..<count {
            let value = values[index] * shrink
            let gradient = gradients[index] + coupledDecay * value
            let mean = (first[index] + firstShare * (gradient - first[index])).flushed
            let square = (beta2 * second[index] + secondShare * (gradient * gradient)).flushed
            first[index] = mean
            second[index] = square
            let scale = square.newtonRoot * inverseRootCorrection + epsilon
            values[index] = value - stepSize * (mean / scale)
        }
    }
}
