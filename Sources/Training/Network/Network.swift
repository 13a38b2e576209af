// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A graph compiled for one batch size and one purpose.
///
/// Kernels are compiled once, when the network is made; a pass only runs them. Several networks
/// may share one ``ParameterArena``. A network is used by one thread at a time.
public final class Network {
    /// What a network is compiled for.
    public enum Purpose: Hashable, Sendable {
        /// Batch statistics, dropout, gradients of the parameters but not of the input.
        case training
        /// Logits only; buffers are reused along the way.
        case inference
        /// Inference with the gradient of the input: what attacks need.
        case inputGradient
    }

    /// The number kind of activations and of the weights that kernels read. Parameters, their
    /// gradients, statistics, input and logits are f32 throughout.
    public enum Precision: String, CaseIterable, Sendable {
        case f32
        case bf16

        /// Whether this processor has the instructions: bf16 needs AVX-512 BF16.
        public var isSupported: Bool {
            switch self {
            case .f32: true
            case .bf16: NumberKind.bf16.isFast
            }
        }
    }

    public let graph: Graph
    public let parameters: ParameterArena
    public let batchSize: Int
    public let purpose: Purpose
    public let precision: Precision

    private let plan: Plan
    private let stream: KernelStream
    private var preparedVersion: Int?

    /// Compiles `graph`.
    ///
    /// - Throws: ``TrainingError`` naming the node that cannot be compiled.
    public init(
        graph: Graph, parameters: ParameterArena, batchSize: Int, purpose: Purpose,
        precision: Precision = .f32
    ) throws(TrainingError) {
        guard batchSize > 0, batchSize <= 1 << 16 else {
            throw TrainingError("batch size must lie between 1 and 65536, found \(batchSize)")
        }
        guard precision.isSupported else {
            throw TrainingError(
                "precision \(precision) needs a processor with AVX-512 BF16 instructions")
        }
        guard parameters.graph.parameters == graph.parameters else {
            throw TrainingError("the parameters belong to another graph")
        }
        self.graph = graph
        self.parameters = parameters
        self.batchSize = batchSize
        self.purpose = purpose
        self.precision = precision
        let builder = try PlanBuilder(
            graph: graph, parameters: parameters, batchSize: batchSize, purpose: purpose,
            kind: precision == .f32 ? .f32 : .bf16)
        plan = try builder.build()
        stream = try KernelStream()
    }

    /// Images in [0, 1], (batch, C, H, W) row-major, to be filled before ``forward(seed:step:rows:)``.
    public var input: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(rebasing: plan.input.buffer.floats[..<inputCount])
    }
    /// (batch, classes), valid after ``forward(seed:step:rows:)``.
    public var logits: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(rebasing: plan.logits.buffer.floats[..<logitCount])
    }
    /// dL/dlogits, (batch, classes), to be filled before ``backward()``.
    public var logitsGradient: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(rebasing: plan.logitsGradient.buffer.floats[..<logitCount])
    }
    /// dL/dimages, shaped like ``input``; written by ``backward()`` for purpose
    /// ``Purpose/inputGradient`` only.
    public var inputGradient: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(rebasing: plan.inputGradient.buffer.floats[..<inputCount])
    }

    private var inputCount: Int { batchSize * graph.inputShape.elementCount }
    private var logitCount: Int { batchSize * graph.classCount }

    /// Computes ``logits`` from ``input``.
    ///
    /// - Parameters:
    ///   - seed: of the run; dropout is a pure function of seed, step and row key.
    ///   - step: whatever tells passes over the same row apart, such as the epoch.
    ///   - rows: a key for each batch row, such as its index in the data set; without it, the
    ///     position in the batch.
    /// - Throws: ``TrainingError`` naming the node whose kernel fails.
    public func forward(
        seed: UInt64 = 0, step: UInt64 = 0, rows: [UInt64] = []
    ) throws(TrainingError) {
        let key = PassKey(seed: seed, step: step, rows: rows)
        if preparedVersion != parameters.version {
            for step in plan.prepare { try step.run(on: stream, key) }
            preparedVersion = parameters.version
        }
        for step in plan.forward { try step.run(on: stream, key) }
        // Running statistics have moved.
        if purpose == .training {
            parameters.valuesChanged()
            preparedVersion = parameters.version
        }
    }

    /// Computes the gradients of the parameters (training) or of the input from
    /// ``logitsGradient``, for the images of the latest forward pass. Overwrites, never adds.
    ///
    /// - Throws: ``TrainingError`` naming the node whose kernel fails.
    public func backward() throws(TrainingError) {
        guard purpose != .inference else {
            throw TrainingError("a network compiled for inference has no backward pass")
        }
        let key = PassKey(seed: 0, step: 0, rows: [])
        for step in plan.backward { try step.run(on: stream, key) }
        // An optimiser is about to write the values.
        if purpose == .training { parameters.valuesChanged() }
    }

    /// One line for every kernel, in the order they run: for benchmarks and tests that look for
    /// needless reorders.
    public var planSummary: [String] { plan.summary }
}
