// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A model in inference mode: logits and input gradients, nothing of the weights.
///
/// Networks are compiled when first needed, for the full batch and for some sizes below it; a partial
/// batch runs on the smallest that holds it, the rows left over being zero.
public final class Classifier: DifferentiableClassifier {
    public let graph: Graph
    public let batchSize: Int
    public let precision: Network.Precision
    private let parameters: ParameterArena
    private let compilesExactSizes: Bool

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
    /// - Parameter compilesExactSizes: whether a batch runs on a network of exactly its rows, for
    ///   callers whose batches are always made up alike: no row is computed in vain, but the last
    ///   bits of an image's results may depend on the number of rows.
    /// - Throws: ``TrainingError`` unless the batch size is positive.
    public init(
        parameters: ParameterArena, batchSize: Int = 128, precision: Network.Precision = .f32,
        compilesExactSizes: Bool = false
    ) throws(TrainingError) {
        guard batchSize > 0 else {
            throw TrainingError("batch size must be positive, found \(batchSize)")
        }
        graph = parameters.graph
        self.parameters = parameters
        self.batchSize = batchSize
        self.precision = precision
        self.compilesExactSizes = compilesExactSizes
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
        try inputGradients(
            of: images, count: count, seedCount: 1, into: gradient, logits: logits
        ) { lossGradient($1, $2) }
    }

    public func inputGradients(
        of images: UnsafeBufferPointer<Float>, count: Int, seedCount: Int,
        into gradients: UnsafeMutableBufferPointer<Float>,
        logits: UnsafeMutableBufferPointer<Float>,
        seed: (Int, UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
    ) throws(TrainingError) {
        guard count > 0 else { return }
        let network = try network(for: count, .inputGradient)
        try fill(network.input, from: images, count: count)
        try network.forward()
        try copy(network.logits, count: count * classCount, to: logits)
        let (own, values) = (count * classCount, count * imageShape.elementCount)
        guard gradients.count >= seedCount * values else {
            throw TrainingError(
                "\(seedCount) gradients of \(count) images do not fit in \(gradients.count) values")
        }
        for index in 0..<seedCount {
            network.logitsGradient.update(repeating: 0)
            seed(
                index, UnsafeBufferPointer(rebasing: network.logits[..<own]),
                UnsafeMutableBufferPointer(rebasing: network.logitsGradient[..<own]))
            try network.backward()
            try copy(
                network.inputGradient, count: values,
                to: UnsafeMutableBufferPointer(
                    rebasing: gradients[(index * values)..<((index + 1) * values)]))
        }
    }

    private func network(
        for count: Int, _ purpose: Network.Purpose
    ) throws(TrainingError) -> Network {
        guard count <= batchSize else {
            throw TrainingError("\(count) images do not fit in a batch of \(batchSize)")
        }
        let key = NetworkKey(batchSize: networkSize(for: count), purpose: purpose)
        if let known = networks[key] { return known }
        let network = try Network(
            graph: graph, parameters: parameters, batchSize: key.batchSize, purpose: purpose,
            precision: precision)
        networks[key] = network
        return network
    }

    /// Rows of the network that takes `count` images.
    ///
    /// Kernels of a dense layer treat the last rows of a batch otherwise where their number is not a
    /// multiple of the kernel's own block (6 rows with AVX2, 8 with AVX-512), and the sums differ in
    /// their last bits. Multiples of 24 have no such rows, so there an image's logits and gradients
    /// are the same bits whatever it is run with. Classifiers of smaller batches run what they are
    /// given.
    private func networkSize(for count: Int) -> Int {
        guard !compilesExactSizes else { return count }
        let block = batchSize < 24 ? 1 : 24
        let needed = (count + block - 1) / block
        // 1, 2, 3, 4, 6, 8, 12, ...: few networks to compile, and at most a third of the rows idle.
        var blocks = 1
        while blocks < needed {
            blocks =
                blocks == 1 ? 2 : (blocks & (blocks - 1) == 0 ? blocks / 2 * 3 : blocks / 3 * 4)
        }
        return min(blocks, (batchSize + block - 1) / block) * block
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
