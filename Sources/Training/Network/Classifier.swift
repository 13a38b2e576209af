// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A model in inference mode: logits and input gradients, nothing of the weights.
///
/// Networks are compiled when first needed, for the full batch and for powers of two below it; a
/// partial batch runs on the smallest that holds it, the rows left over being zero.
public final class Classifier: DifferentiableClassifier {
    public let graph: Graph
    public let batchSize: Int
    public let precision: Network.Precision
    private let parameters: ParameterArena

    private struct NetworkKey: Hashable {
        let batchSize: Int
        let purpose: Network.Purpose
    }
    private var networks: [NetworkKey: Network] = [:]

    /// A model of stored parameters.
    ///
    /// - Throws: ``TrainingError`` naming the tensor that does not fit the graph.
    public convenience init(
        graph: Graph, parameters: NamedTensors, batchSize: Int = 128,
        precision: Network.Precision = .f32
    ) throws(TrainingError) {
        try self.init(
            parameters: try ParameterArena(graph: graph, tensors: parameters),
            batchSize: batchSize, precision: precision)
    }

    /// A model whose parameters may go on changing, as in training: each call sees the newest.
    ///
    /// - Throws: ``TrainingError`` unless the batch size is positive.
    public init(
        parameters: ParameterArena, batchSize: Int = 128, precision: Network.Precision = .f32
    ) throws(TrainingError) {
        guard batchSize > 0 else {
            throw TrainingError("batch size must be positive, found \(batchSize)")
        }
        graph = parameters.graph
        self.parameters = parameters
        self.batchSize = batchSize
        self.precision = precision
    }

    public var imageShape: Shape { graph.inputShape }
    public var classCount: Int { graph.classCount }

    public func logits(
        of images: UnsafeBufferPointer<Float>, count: Int,
        into logits: UnsafeMutableBufferPointer<Float>
    ) throws(TrainingError) {
        guard count > 0 else { return }
        let network = try network(for: count, .inference)
        try fill(network.input, from: images, count: count)
        try network.forward()
        try copy(network.logits, count: count * classCount, to: logits)
    }

    public func inputGradient(
        of images: UnsafeBufferPointer<Float>, count: Int,
        into gradient: UnsafeMutableBufferPointer<Float>,
        logits: UnsafeMutableBufferPointer<Float>,
        lossGradient: (UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
    ) throws(TrainingError) {
        guard count > 0 else { return }
        let network = try network(for: count, .inputGradient)
        try fill(network.input, from: images, count: count)
        try network.forward()
        try copy(network.logits, count: count * classCount, to: logits)
        let own = count * classCount
        network.logitsGradient.update(repeating: 0)
        lossGradient(
            UnsafeBufferPointer(rebasing: network.logits[..<own]),
            UnsafeMutableBufferPointer(rebasing: network.logitsGradient[..<own]))
        try network.backward()
        try copy(network.inputGradient, count: count * imageShape.elementCount, to: gradient)
    }

    private func network(
        for count: Int, _ purpose: Network.Purpose
    ) throws(TrainingError) -> Network {
        guard count <= batchSize else {
            throw TrainingError("\(count) images do not fit in a batch of \(batchSize)")
        }
        var size = 1
        while size < count { size *= 2 }
        let key = NetworkKey(batchSize: min(size, batchSize), purpose: purpose)
        if let known = networks[key] { return known }
        let network = try Network(
            graph: graph, parameters: parameters, batchSize: key.batchSize, purpose: purpose,
            precision: precision)
        networks[key] = network
        return network
    }

    private func fill(
        _ input: UnsafeMutableBufferPointer<Float>, from images: UnsafeBufferPointer<Float>,
        count: Int
    ) throws(TrainingError) {
        let used = count * imageShape.elementCount
        guard images.count >= used else {
            throw TrainingError(
                "\(count) images of shape \(imageShape) have \(used) values, found \(images.count)")
        }
        _ = input.update(fromContentsOf: images[..<used])
        input[used...].update(repeating: 0)
    }

    private func copy(
        _ source: UnsafeMutableBufferPointer<Float>, count: Int,
        to destination: UnsafeMutableBufferPointer<Float>
    ) throws(TrainingError) {
        guard destination.count >= count else {
            throw TrainingError("\(count) results do not fit in a buffer of \(destination.count)")
        }
        _ = destination.update(fromContentsOf: source[..<count])
    }
}
