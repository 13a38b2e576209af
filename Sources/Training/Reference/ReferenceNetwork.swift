// SPDX-License-Identifier: Apache-2.0

import Dispatch
public import Tensors

/// A graph in double precision and inference mode: plain loops over one image at a time.
///
/// It answers what single precision cannot: whether a row whose two largest logits all but touch is
/// really broken, and how small an input gradient is that `Float` shows as 0. It also judges the fast
/// kernels, with which it shares nothing but the graph and the weights, which it takes as they are.
/// The seed CNN takes some milliseconds an image and pass.
public struct ReferenceNetwork: Sendable {
    public let graph: Graph
    let layers: [any ReferenceLayer]

    /// - Throws: ``TrainingError`` naming the tensor that does not fit the graph.
    public init(graph: Graph, parameters: NamedTensors) throws(TrainingError) {
        self.init(parameters: try ParameterArena(graph: graph, tensors: parameters))
    }

    /// A network of the arena's values at this moment.
    public init(parameters: ParameterArena) {
        let graph = parameters.graph
        self.graph = graph
        layers = graph.nodes.indices.map { index in
            let node = graph.nodes[index]
            return node.operation.reference(
                inputs: graph.inputs[index].map { graph.shapes[$0] }, output: graph.shapes[index]
            ) { role in
                parameters["\(node.name)/\(role.rawValue)"].map { slot in
                    parameters.values(of: slot).map { Double($0) }
                }
            }
        }
    }

    /// Runs forward over one image.
    ///
    /// - Parameter image: (C, H, W) in [0, 1].
    public func pass(over image: [Double]) -> ReferencePass {
        precondition(
            image.count == graph.inputShape.elementCount, "the image has the graph's input shape")
        var values: [[Double]] = [image]
        for index in graph.nodes.indices.dropFirst() {
            values.append(layers[index].forward(graph.inputs[index].map { values[$0] }))
        }
        return ReferencePass(network: self, values: values)
    }

    /// Runs forward over images side by side on all cores, and hands each pass on.
    ///
    /// - Parameters:
    ///   - images: (count, C, H, W) in [0, 1].
    ///   - body: gets the number of an image and its pass; called on several threads at once.
    public func forEachPass(
        over images: UnsafeBufferPointer<Float>, count: Int,
        _ body: @Sendable (Int, ReferencePass) -> Void
    ) {
        let size = graph.inputShape.elementCount
        precondition(images.count >= count * size, "\(count) images have \(images.count) values")
        // Only read.
        nonisolated(unsafe) let images = images
        DispatchQueue.concurrentPerform(iterations: count) { row in
            body(row, pass(over: images[(row * size)..<((row + 1) * size)].map { Double($0) }))
        }
    }

    /// The logits of images, (count, classes).
    ///
    /// - Parameter images: (count, C, H, W) in [0, 1].
    public func logits(of images: UnsafeBufferPointer<Float>, count: Int) -> [Double] {
        let classes = graph.classCount
        return [Double](unsafeUninitializedCapacity: count * classes) { buffer, initialized in
            // Every pass writes its own row.
            nonisolated(unsafe) let rows = buffer
            forEachPass(over: images, count: count) { row, pass in
                for (index, logit) in pass.logits.enumerated() {
                    rows.initializeElement(at: row * classes + index, to: logit)
                }
            }
            initialized = count * classes
        }
    }
}

/// What a ``ReferenceNetwork`` computed of one image, ready to be differentiated.
public struct ReferencePass: Sendable {
    private let network: ReferenceNetwork
    /// Every node's output.
    private let values: [[Double]]

    init(network: ReferenceNetwork, values: [[Double]]) {
        self.network = network
        self.values = values
    }

    /// (classes)
    public var logits: [Double] { values[values.count - 1] }

    /// The gradient of sum_c seed_c logit_c with respect to the image, (C, H, W).
    public func inputGradient(seed: [Double]) -> [Double] {
        let graph = network.graph
        precondition(seed.count == graph.classCount, "a seed has one value a class")
        var gradients = values.map { _ in [Double]() }
        gradients[values.count - 1] = seed
        for index in graph.nodes.indices.dropFirst().reversed() {
            let inputs = graph.inputs[index]
            let contributions = network.layers[index].backward(
                gradients[index], inputs: inputs.map { values[$0] }, output: values[index])
            for (input, contribution) in zip(inputs, contributions) {
                if gradients[input].isEmpty {
                    gradients[input] = contribution
                } else {
                    for element in contribution.indices {
                        gradients[input][element] += contribution[element]
                    }
                }
            }
            gradients[index] = []
        }
        return gradients[0]
    }
}
