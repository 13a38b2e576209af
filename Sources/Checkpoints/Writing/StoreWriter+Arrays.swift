// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import HDF5
internal import Synchronization
internal import Tensors

extension StoreWriter {
    /// Writes arrays into a group and returns what the manifest says of them, in their order.
    func write(
        _ arrays: [ArrayDraft], in group: String, isNew: Bool
    ) throws(StoreError) -> [ManifestEntry] {
        var folders: Set<String> = []
        if isNew { try perform { (file) throws(HDF5Error) in try file.createGroup(group) } }
        var manifest: [ManifestEntry] = []
        for array in arrays {
            var folder = group
            for component in array.name.split(separator: "/").dropLast() {
                folder += "/" + component
                guard folders.insert(folder).inserted else { continue }
                let path = folder
                try perform { (file) throws(HDF5Error) in try file.createGroup(path) }
            }
            let digest = try write(array, at: "\(group)/\(array.name)")
            manifest.append(
                ManifestEntry(
                    name: array.name, elementType: array.elementType, shape: array.shape,
                    digest: digest))
        }
        return manifest
    }

    /// Writes one array, or a link to an identical one.
    ///
    /// - Returns: its digest.
    /// - Throws: ``StoreError`` when a copy's bytes are not what its manifest says.
    private func write(_ array: ArrayDraft, at path: String) throws(StoreError) -> Digest {
        let tensor = try array.load()
        if array.isShareable {
            let digest = tensor.digest()
            try check(digest, of: array, at: path)
            if let existing = try sharedArray(digest) {
                try perform { (file) throws(HDF5Error) in try file.link(existing, at: path) }
                return digest
            }
            try writeElements(of: tensor, array, at: path)
            sharedArrays?[digest] = path
            return digest
        }
        // The file system and the hash take about as long as each other: do both at once.
        let pending = PendingDigest(of: tensor)
        do throws(StoreError) {
            try writeElements(of: tensor, array, at: path)
        } catch {
            _ = pending.value()
            throw error
        }
        let digest = pending.value()
        try check(digest, of: array, at: path)
        return digest
    }

    private func writeElements(
        of tensor: Tensor, _ array: ArrayDraft, at path: String
    ) throws(StoreError) {
        typealias Attribute = StoreFormat.Attribute
        try perform { (file) throws(HDF5Error) in
            if array.isTable {
                try file.writeTable(tensor, at: path, rowsPerChunk: nil)
            } else {
                try file.write(tensor, at: path)
            }
            try file.setAttribute(
                .string(tensor.elementType.rawValue), named: Attribute.elementType, at: path)
            if let axes = array.axes {
                try file.setAttribute(.string(axes), named: Attribute.axes, at: path)
            }
            if let role = array.role {
                try file.setAttribute(.string(role), named: Attribute.role, at: path)
            }
        }
    }

    private func check(
        _ digest: Digest, of array: ArrayDraft, at path: String
    ) throws(StoreError) {
        guard let expected = array.expectedDigest, expected != digest else { return }
        throw StoreError(
            .malformed, file: self.path, object: path,
            "cannot be copied: its bytes have the digest \(digest.short), expected "
                + "\(expected.short)")
    }

    /// Where an array with this digest already lies, among those that may be shared.
    private func sharedArray(_ digest: Digest) throws(StoreError) -> String? {
        if sharedArrays == nil {
            var found: [Digest: String] = [:]
            let store = try Store.open(path: path)
            for entry in store.entries {
                // Removed in this transaction: the path may by now mean something else.
                guard let name = entry.kind.sharedArray,
                    catalogue[entry.kind, entry.name.description]?.identity == entry.identity
                else { continue }
                for array in try store.object(entry).arrays.manifest where array.name == name {
                    found[array.digest] = "\(entry.path)/\(name)"
                }
            }
            sharedArrays = found
        }
        return sharedArrays?[digest]
    }

    /// Forgets arrays that are about to lose their name.
    func forgetSharedArrays(below group: String) {
        sharedArrays = sharedArrays?.filter { !$0.value.hasPrefix(group + "/") }
    }
}

/// A digest on its way: big tensors are hashed on other threads, small ones when asked.
private final class PendingDigest: Sendable {
    private let tensor: Tensor
    private let done: DispatchSemaphore?
    private let result = Mutex<Digest?>(nil)

    init(of tensor: Tensor) {
        self.tensor = tensor
        guard tensor.byteCount > Tensor.digestLeafByteCount else {
            done = nil
            return
        }
        let done = DispatchSemaphore(value: 0)
        self.done = done
        DispatchQueue.global(qos: .userInitiated).async { [self] in
            let digest = tensor.digest()
            result.withLock { $0 = digest }
            done.signal()
        }
    }

    /// Waits for the digest. To be called once.
    func value() -> Digest {
        done?.wait()
        return result.withLock { $0 } ?? tensor.digest()
    }
}
