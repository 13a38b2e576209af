// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What a pickled object holds, as a flat list: arrays and plain values, named by their paths.
///
/// Keys and indices are joined by dots. Objects of modules are named as PyTorch's `state_dict`
/// names them, so that a whole pickled model and its state have the same names.
struct TorchContents {
    struct Named {
        let name: String
        let array: TorchArray
    }

    var arrays: [Named] = []
    var metadata: [String: JSON] = [:]
    var remarks: [String] = []
    /// Keys that stand twice in one dictionary, of which a loader keeps the last.
    var duplicates: [String] = []
    /// Of all references in the pickle, whether their tensors are listed or not.
    var storageKeys: Set<String> = []

    private init() {}

    /// - Throws: ``InterchangeError`` when the values are nested or repeated beyond the limits.
    init(_ pickle: Pickle, path: String, object: String) throws(InterchangeError) {
        var walk = TorchWalk(pickle, into: TorchContents(), path: path, object: object)
        self = try walk.contents(from: pickle.root)
        let objects = TorchObjects(graph: pickle.graph)
        for value in pickle.graph.persistentValues {
            if let storage = try? objects.storage(value) { storageKeys.insert(storage.key) }
        }
    }
}
