// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Tensors
import Training

extension Checkpoint {
    /// The checkpoint's graph.
    ///
    /// - Throws: ``Failure`` when it has none, ``TrainingError`` when it is malformed.
    func graph(in file: String) throws -> Graph {
        guard architecture != .null else {
            throw Failure(
                "\(file): checkpoint '\(name)' has no architecture, so it cannot be run")
        }
        return try Graph(json: architecture)
    }

    /// The model ready to run on images. Tensors that the graph does not name, which converted
    /// checkpoints may keep, take no part.
    ///
    /// - Parameter batchSize: 256 where nothing is said, fewer for large images, whose activations
    ///   would take gigabytes: 5 of 3 x 224 x 224.
    func classifier(in file: String, batchSize: Int? = nil) throws -> Classifier {
        let graph = try graph(in: file)
        let batchSize = batchSize ?? max(1, min(256, 256 * 3072 / graph.inputShape.elementCount))
        var parameters = NamedTensors()
        for parameter in graph.parameters { parameters[parameter.name] = tensors[parameter.name] }
        return try Classifier(graph: graph, parameters: parameters, batchSize: batchSize)
    }
}
