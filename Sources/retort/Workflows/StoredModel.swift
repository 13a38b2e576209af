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

    /// The model ready to run on images.
    func classifier(in file: String, batchSize: Int = 256) throws -> Classifier {
        try Classifier(graph: graph(in: file), parameters: tensors, batchSize: batchSize)
    }
}
