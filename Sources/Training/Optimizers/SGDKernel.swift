// SPDX-License-Identifier: Apache-2.0

/// One step of stochastic gradient descent over flat buffers (`torch.optim.SGD`).
struct SGDKernel {
    let learningRate: Float
    let momentum: Float
    let nesterov: Bool
    let weightDecay: Float

    /// p -= learningRate (g + weightDecay p)
    func step(
        _ values: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, count: Int
    ) {
        for index in 0..<count {
            let gradient = gradients[index] + weightDecay * values[index]
            values[index] -= learningRate * gradient
        }
    }

    /// The same with a momentum buffer, which starts at zero.
    func step(
        _ values: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>,
        momentum buffer: UnsafeMutablePointer<Float>, count: Int
    ) {
        // Nesterov's step is g + momentum b, the plain one 0 g + 1 b.
        let ofGradient: Float = nesterov ? 1 : 0
        let ofBuffer: Float = nesterov ? momentum : 1
        for index in 0..<count {
            let gradient = gradients[index] + weightDecay * values[index]
            let velocity = (momentum * buffer[index] + gradient).flushed
            buffer[index] = velocity
            values[index] -= learningRate * (ofGradient * gradient + ofBuffer * velocity)
        }
    }
}
