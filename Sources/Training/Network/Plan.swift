// SPDX-License-Identifier: Apache-2.0

/// What identifies one pass to the nodes that draw random numbers.
struct PassKey {
    let seed: UInt64
    let step: UInt64
    /// One key a batch row; empty: the rows' positions.
    let rows: [UInt64]

    func row(_ position: Int) -> UInt64 {
        position < rows.count ? rows[position] : UInt64(position)
    }
}

/// One thing to do, on behalf of a node.
struct PlanStep {
    enum Action {
        case kernel(Kernel)
        /// Work outside oneDNN: drawing a dropout mask, updating running statistics.
        case host((PassKey) -> Void)
    }

    let node: Graph.Node
    let action: Action

    func run(on stream: KernelStream, _ key: PassKey) throws(TrainingError) {
        switch action {
        case .host(let body): body(key)
        case .kernel(let kernel):
            do {
                try kernel.run(on: stream)
            } catch {
                throw Graph.failure(node, error.description)
            }
        }
    }
}

/// A graph compiled for one batch size and purpose: three lists of steps and the tensors at its
/// ends.
struct Plan {
    /// Copies of the weights in the kernels' own orders; run when the parameters have changed.
    var prepare: [PlanStep] = []
    var forward: [PlanStep] = []
    var backward: [PlanStep] = []
    /// (batch, C, H, W) or (batch, features), row-major f32; likewise its gradient.
    let input: Memory
    let inputGradient: Memory
    /// (batch, classes), row-major f32; likewise their gradient.
    let logits: Memory
    let logitsGradient: Memory

    /// One line for every kernel: phase, node, what and which implementation.
    var summary: [String] {
        [("prepare", prepare), ("forward", forward), ("backward", backward)].flatMap {
            phase, steps in
            steps.map { step in
                switch step.action {
                case .host: "\(phase) \(step.node.name): host"
                case .kernel(let kernel):
                    "\(phase) \(step.node.name): \(kernel.description.name), \(kernel.description.implementation)"
                }
            }
        }
    }
}
