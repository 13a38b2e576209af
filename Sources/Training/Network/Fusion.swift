// SPDX-License-Identifier: Apache-2.0

/// Which nodes run inside another node's kernels.
///
/// Outside training, a batch norm that is the only reader of a convolution or dense layer is a
/// factor and an offset for each channel, and becomes part of that layer's weights.
/// An activation that is the only reader of a node with an output of its own is absorbed by it.
/// Where max pooling is in turn the only reader of the activation, its derivative is applied after
/// the pooling's gradient has not yet been spread out: a monotone activation and a maximum
/// commute, and the pooled tensor is smaller.
struct Fusion {
    /// The batch norm folded into each layer's weights, if any.
    private(set) var foldedNorms: [Int: Int] = [:]
    /// The activation node absorbed by each node, if any.
    private(set) var activationNodes: [Int: Int] = [:]
    /// The activation whose derivative a max-pool node applies to its incoming gradient.
    private(set) var pooledActivations: [Int: Activation] = [:]
    private var absorbed: Set<Int> = []
    private var differentiatedByPool: Set<Int> = []

    init(_ graph: Graph, consumers: [[Int]], foldsNorms: Bool) {
        for (index, node) in graph.nodes.enumerated() where node.operation.absorbsActivation {
            var last = index
            if foldsNorms, node.operation.foldsNorm, consumers[index].count == 1,
                let norm = consumers[index].first,
                case .batchNormalization = graph.nodes[norm].operation
            {
                foldedNorms[index] = norm
                absorbed.insert(norm)
                last = norm
            }
            guard !absorbed.contains(index), consumers[last].count == 1,
                let next = consumers[last].first, case .activation = graph.nodes[next].operation
            else { continue }
            activationNodes[index] = next
            absorbed.insert(next)
        }
        for (owner, next) in activationNodes {
            guard consumers[next].count == 1, let pool = consumers[next].first,
                case .maxPool = graph.nodes[pool].operation, activationNodes[pool] == nil,
                case .activation(let activation) = graph.nodes[next].operation
            else { continue }
            pooledActivations[pool] = activation
            differentiatedByPool.insert(owner)
        }
    }

    /// The node whose output carries what `node` computes, everything it took in included.
    func end(of node: Int) -> Int { activationNodes[node] ?? foldedNorms[node] ?? node }

    func isAbsorbed(_ node: Int) -> Bool { absorbed.contains(node) }
    /// Whether someone else applies the derivative of the activation `node` absorbed.
    func isDifferentiatedByPool(_ node: Int) -> Bool { differentiatedByPool.contains(node) }
}

extension Operation {
    fileprivate var foldsNorm: Bool {
        switch self {
        case .convolution, .dense: true
        default: false
        }
    }

    /// Whether the node writes a fresh output, over which an activation may run in place, and needs
    /// nothing of that output in its own gradient.
    fileprivate var absorbsActivation: Bool {
        switch self {
        case .convolution, .dense, .batchNormalization, .maxPool, .averagePool,
            .globalAveragePool, .add, .concat:
            true
        case .input, .normalize, .activation, .flatten, .dropout: false
        }
    }
}
