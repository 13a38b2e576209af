// SPDX-License-Identifier: Apache-2.0

import Interchange

/// What a file holds: what `retort inspect` finds out. Payload is read for measures only.
enum Inspection {
    /// A store or any HDF5 file, shown as its tree of groups.
    case tree(TreeInspection)
    /// A file of weights, shown by layer.
    case weights(WeightInspection)

    /// - Parameter object: a tensor, a layer, a path in an HDF5 file, an object of a store, or a
    ///   key of the file's metadata; nil for everything.
    init(path: String, object: String?) throws {
        var file: WeightFile
        do throws(InterchangeError) {
            file = try WeightFile.open(path)
        } catch {
            guard let tree = try TreeInspection.ofStore(path, object: object) else { throw error }
            self = .tree(tree)
            return
        }
        file.takeCarriedModel()
        guard file.format != .hdf5 else {
            self = .tree(try TreeInspection(path: path, object: object))
            return
        }
        guard let object else {
            self = .weights(WeightInspection(file: file))
            return
        }
        if let found = try WeightInspection.part(object, of: file) {
            self = .weights(found)
            return
        }
        // Keras's files are HDF5 too: what is no tensor there has a path all the same.
        if file.format == .kerasWeights || file.format == .kerasLegacy,
            let tree = try? TreeInspection(path: path, object: object)
        {
            self = .tree(tree)
            return
        }
        throw WeightInspection.unknown(object, in: file)
    }

    /// The tensors that are shown, in the file's order.
    var tensors: [InspectedTensor] {
        switch self {
        case .tree(let tree): tree.tensors
        case .weights(let weights): weights.tensors
        }
    }
}

/// A tensor as it is shown, whatever file it lies in.
struct InspectedTensor {
    /// Its name in JSON.
    let name: String
    let entry: WeightEntry
    /// How an HDF5 file keeps the elements.
    var storage: String?
    var filters: [String] = []
    /// The axes that number the output channels, where that is known.
    var channelAxes: Range<Int>?
}
