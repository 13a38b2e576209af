// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Where the bytes of storages are, in either form of file.
protocol TorchSource: Sendable {
    var path: String { get }
    /// Whether elements lie with their most significant byte first.
    var isBigEndian: Bool { get }
    /// Bytes that the storage has in the file; nil when it is not there.
    func byteCount(ofStorage key: String) -> Int?
    /// The bytes of a storage and where they begin in them.
    func bytes(ofStorage key: String) throws(InterchangeError) -> (ByteRegion, offset: Int)
}

extension TorchSource {
    /// What is wrong with a tensor that a pickle describes; nil when its elements are there.
    func fault(of tensor: TorchTensor) -> String? {
        let key = PickleText.escaped(tensor.storage.key)
        guard let found = byteCount(ofStorage: tensor.storage.key) else {
            return "its storage '\(key)' is not in the file"
        }
        guard found >= tensor.storage.byteCount else {
            return "its storage '\(key)' has \(found) bytes, expected \(tensor.storage.byteCount)"
        }
        return nil
    }

    /// The entries of a weight file.
    ///
    /// - Throws: ``InterchangeError`` for the first tensor that is malformed or not all there.
    func entries(_ contents: TorchContents) throws(InterchangeError) -> [WeightEntry] {
        var first: [TorchTensor: String] = [:]
        var entries: [WeightEntry] = []
        for named in contents.arrays {
            var entry: WeightEntry
            switch named.array {
            case .malformed(let problem):
                throw InterchangeError(
                    .malformed, path, "tensor '\(PickleText.escaped(named.name))': \(problem)")
            case .strided(let tensor):
                if let fault = fault(of: tensor) {
                    throw InterchangeError(
                        .malformed, path, "tensor '\(PickleText.escaped(named.name))': \(fault)")
                }
                entry = self.entry(named.name, tensor)
                if tensor.shape.elementCount > 0 {
                    entry.sharedWith = first[tensor]
                    first[tensor, default: named.name] = first[tensor] ?? named.name
                }
                if entry.sharedWith != nil { entry.storedByteCount = 0 }
            case .numpy(let array): entry = self.entry(named.name, array)
            case .listed(let typeName, let shape, let byteCount, let reason):
                entry = WeightEntry(
                    unread: named.name, typeName: typeName, shape: shape, byteCount: byteCount,
                    reason: reason, subject: path)
            }
            entries.append(entry)
        }
        return entries
    }

    private func entry(_ name: String, _ tensor: TorchTensor) -> WeightEntry {
        let reason = tensor.refusal ?? "\(tensor.type.typeName) elements are not read"
        guard let elementType = tensor.type.elementType, tensor.refusal == nil else {
            return WeightEntry(
                unread: name, typeName: tensor.type.typeName, shape: tensor.shape,
                byteCount: tensor.byteCount, reason: reason, subject: path)
        }
        return WeightEntry(
            name: name, elementType: elementType, shape: tensor.shape,
            storedByteCount: min(tensor.byteCount, tensor.span * tensor.type.byteCount)
        ) { () throws(InterchangeError) in
            let (region, base) = try bytes(ofStorage: tensor.storage.key)
            return try tensor.elements(in: region, at: base, swapped: isBigEndian, path: path)
        }
    }

    private func entry(_ name: String, _ array: NumPyArray) -> WeightEntry {
        guard let elementType = array.elementType else {
            return WeightEntry(
                unread: name, typeName: array.typeName, shape: array.shape,
                byteCount: array.byteCount, reason: "is not read", subject: path)
        }
        let path = path
        return WeightEntry(
            name: name, elementType: elementType, shape: array.shape,
            storedByteCount: array.storedByteCount
        ) { () throws(InterchangeError) in try array.elements(path: path) }
    }
}
