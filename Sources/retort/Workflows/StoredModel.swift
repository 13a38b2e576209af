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
    func classifier(in file: String, batchSize: Int = 256) throws -> Classifier {
        let graph = try graph(in: file)
        var parameters = NamedTensors()
        for parameter in graph.parameters { parameters[parameter.name] = tensors[parameter.name] }
        return try Classifier(graph: graph, parameters: parameters, batchSize: batchSize)
    }
}
