// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Compiles a graph into a ``Plan``.
///
/// Nodes are built in order; each leaves its value and, when a gradient is wanted, a closure that
/// builds its backward steps. The closures then run in reverse. Since steps are built in the order
/// they will run, a buffer may be handed on as soon as its last reader is built.
final class PlanBuilder {
    typealias BackwardBuilder = () throws(TrainingError) -> Void

    let graph: Graph
    let parameters: ParameterArena
    let batchSize: Int
    let purpose: Network.Purpose
    /// The number kind of activations and of the kernels' weights.
    let kind: NumberKind
    let consumers: [[Int]]
    let fusion: Fusion

    /// Each node's output, once built; an absorbed activation shares its owner's.
    var values: [Memory?]
    /// dL/doutput of each node, once its first consumer's backward steps are built.
    var gradients: [Memory?]
    private(set) var prepare: [PlanStep] = []
    private(set) var forward: [PlanStep] = []
    private(set) var backward: [PlanStep] = []
    private var backwardBuilders: [(node: Int, build: BackwardBuilder)] = []
    private var isBuildingBackward = false
    private var current = 0
    private let needsGradient: [Bool]
    private let pool = BufferPool()
    var preparedWeights: [Int: [Memory]] = [:]
    var foldedLayers: [Int: FoldedLayer] = [:]
    /// Convolutions whose backward steps a pooling after them has built.
    var differentiatedByPool: Set<Int> = []
    let input: Memory
    let inputGradient: Memory
    let logitsGradient: Memory

    init(
        graph: Graph, parameters: ParameterArena, batchSize: Int, purpose: Network.Purpose,
        kind: NumberKind
    ) throws(TrainingError) {
        self.graph = graph
        self.parameters = parameters
        self.batchSize = batchSize
        self.purpose = purpose
        self.kind = kind
        var consumers = graph.nodes.map { _ in [Int]() }
        for (index, inputs) in graph.inputs.enumerated() {
            for input in inputs { consumers[input].append(index) }
        }
        self.consumers = consumers
        fusion = Fusion(graph, consumers: consumers, foldsNorms: purpose != .training)
        values = graph.nodes.map { _ in nil }
        gradients = graph.nodes.map { _ in nil }
        // In training, nothing before the first weights needs a gradient.
        var needsGradient: [Bool] = []
        for (index, node) in graph.nodes.enumerated() {
            needsGradient.append(
                purpose == .inputGradient || node.operation.hasParameters
                    || graph.inputs[index].contains { needsGradient[$0] })
        }
        self.needsGradient = needsGradient
        input = try Memory(.plain([batchSize] + graph.inputShape.dimensions))
        inputGradient = try Memory(input.layout)
        logitsGradient = try Memory(.plain([batchSize, graph.classCount]))
        logitsGradient.buffer.users = 1
        input.buffer.users = 1
        values[0] = input
    }

    var isDifferentiated: Bool { purpose != .inference }

    func build() throws(TrainingError) -> Plan {
        // The closures hold the builder that holds them; left in place, they would keep every
        // buffer of a network for as long as the program runs.
        defer { backwardBuilders = [] }
        for index in graph.nodes.indices.dropFirst() where !fusion.isAbsorbed(index) {
            current = index
            try inNode(index) { () throws(TrainingError) in try buildForward(index) }
            releaseInputs(of: index)
        }
        let last = graph.nodes.count - 1
        let logits = try reordered(value(last), to: .plain([batchSize, graph.classCount]))
        if isDifferentiated {
            isBuildingBackward = true
            retain(logitsGradient)
            gradients[last] = logitsGradient
            for (index, build) in backwardBuilders.reversed() {
                current = index
                try inNode(index, build)
                if let gradient = gradients[fusion.end(of: index)] { release(gradient) }
            }
            try finishInputGradient()
        }
        var plan = Plan(
            input: input, inputGradient: inputGradient, logits: logits,
            logitsGradient: logitsGradient)
        (plan.prepare, plan.forward, plan.backward) = (prepare, forward, backward)
        try attachScratchpad(to: plan)
        return plan
    }

    private func buildForward(_ index: Int) throws(TrainingError) {
        switch graph.nodes[index].operation {
        case .input: break
        case .normalize(let mean, let deviation):
            try buildNormalize(index, mean: mean, deviation: deviation)
        case .convolution(let convolution): try buildConvolution(index, convolution)
        case .dense(let units, let bias): try buildDense(index, units: units, bias: bias)
        case .batchNormalization(let epsilon, let momentum):
            try buildBatchNormalization(index, epsilon: epsilon, momentum: momentum)
        case .activation(let activation): try buildActivation(index, activation)
        case .maxPool(let window): try buildPooling(index, .max, window)
        case .averagePool(let window, let countsPadding):
            try buildPooling(
                index, countsPadding ? .averageWithPadding : .averageWithoutPadding, window)
        case .globalAveragePool:
            let image = graph.shapes[graph.inputs[index][0]]
            try buildPooling(
                index, .averageWithoutPadding, Window(kernel: Extent(image[1], image[2])))
        case .flatten: try buildFlatten(index)
        case .dropout(let rate): try buildDropout(index, rate: rate)
        case .add: try buildAdd(index)
        case .concat: try buildConcat(index)
        }
    }

    private func inNode<Value>(
        _ index: Int, _ body: () throws(TrainingError) -> Value
    ) throws(TrainingError) -> Value {
        do {
            return try body()
        } catch {
            throw Graph.failure(graph.nodes[index], error.description)
        }
    }

    // MARK: Steps

    /// Appends a kernel to the phase under construction.
    func emit(
        _ description: KernelDescription, _ tensors: [(KernelArgument, Memory)],
        operands: [(role: Int32, memory: Memory)] = []
    ) throws(TrainingError) {
        append(.kernel(try Kernel(description, tensors.map { ($0.rawValue, $1) } + operands)))
    }

    func emit(host body: @escaping (PassKey) -> Void) { append(.host(body)) }

    /// Appends a step that runs only after the parameters have changed.
    func emitPreparation(_ action: PlanStep.Action) {
        prepare.append(PlanStep(node: graph.nodes[current], action: action))
    }

    private func append(_ action: PlanStep.Action) {
        let step = PlanStep(node: graph.nodes[current], action: action)
        if isBuildingBackward { backward.append(step) } else { forward.append(step) }
    }

    /// Registers the backward half of the node under construction.
    func onBackward(_ build: @escaping BackwardBuilder) {
        if isDifferentiated { backwardBuilders.append((current, build)) }
    }

    private func attachScratchpad(to plan: Plan) throws(TrainingError) {
        let kernels = (plan.prepare + plan.forward + plan.backward).compactMap { step in
            if case .kernel(let kernel) = step.action { kernel } else { nil }
        }
        let scratchpad = Buffer(byteCount: kernels.map(\.scratchpadByteCount).max() ?? 0)
        for kernel in kernels { try kernel.attach(scratchpad: scratchpad) }
    }

    // MARK: Values

    /// The output of node `index`, which has been built.
    func value(_ index: Int) -> Memory {
        guard let value = values[index] else { preconditionFailure("nodes are built in order") }
        return value
    }

    /// Whether dL/doutput of node `index` is wanted.
    func wantsGradient(_ index: Int) -> Bool { isDifferentiated && needsGradient[index] }

    func absorbedActivation(of index: Int) -> Activation? {
        guard let next = fusion.activationNodes[index],
            case .activation(let activation) = graph.nodes[next].operation
        else { return nil }
        return activation
    }

    /// Sets the output of node `index`, which is that of the nodes it took in.
    func define(_ index: Int, _ memory: Memory) {
        values[index] = memory
        values[fusion.end(of: index)] = memory
    }

    /// The batch's extents at the output of node `index`.
    func extents(_ index: Int) -> [Int] { [batchSize] + graph.shapes[index].dimensions }

    // MARK: Buffers

    func allocate(_ layout: Layout) throws(TrainingError) -> Memory {
        let buffer = pool.take(layout.byteCount)
        buffer.users = 1
        return try Memory(layout, in: buffer)
    }

    func retain(_ memory: Memory) { memory.buffer.users += 1 }

    func release(_ memory: Memory) {
        memory.buffer.users -= 1
        if memory.buffer.users == 0 { pool.giveBack(memory.buffer) }
    }

    private var pendingReaders: [Int: Int] = [:]

    /// In inference, hands on the values that node `index` was the last to read.
    private func releaseInputs(of index: Int) {
        guard purpose == .inference else { return }
        for input in graph.inputs[index] {
            let left = pendingReaders[input, default: consumers[input].count] - 1
            pendingReaders[input] = left
            if left == 0 { release(value(input)) }
        }
    }

    /// `memory` in another order or number kind: itself when nothing changes, else a copy that is
    /// made anew in every pass.
    func reordered(_ memory: Memory, to layout: Layout) throws(TrainingError) -> Memory {
        guard memory.layout != layout else { return memory }
        let copy = try allocate(layout)
        try copyElements(of: memory, to: copy)
        return copy
    }

    func copyElements(of source: Memory, to destination: Memory) throws(TrainingError) {
        try emit(
            .reorder(from: source.layout, to: destination.layout),
            [(.source, source), (.destination, destination)])
    }

    /// Gives back a copy made by ``reordered(_:to:)``, if it was one.
    func release(_ copy: Memory, ifCopyOf original: Memory) {
        if copy !== original { release(copy) }
    }
}

extension Operation {
    fileprivate var hasParameters: Bool {
        switch self {
        case .convolution, .dense, .batchNormalization: true
        default: false
        }
    }
}
