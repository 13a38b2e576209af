// SPDX-License-Identifier: Apache-2.0

internal import HDF5
internal import Tensors

extension StoreWriter {
    /// Writes arrays into a group and returns what the manifest says of them, in their order.
    ///
    /// Hashing runs beside writing and may lag behind it, because the two take about as long.
    ///
    /// - Throws: ``StoreError`` when a copy's bytes are not what its manifest says.
    func write(
        _ arrays: [ArrayDraft], in group: String, isNew: Bool
    ) throws(StoreError) -> [ManifestEntry] {
        var folders: Set<String> = []
        if isNew { try perform { (file) throws(HDF5Error) in try file.createGroup(group) } }
        var hashing = HashingQueue()
        for array in arrays {
            var folder = group
            for component in array.name.split(separator: "/").dropLast() {
                folder += "/" + component
                guard folders.insert(folder).inserted else { continue }
                let path = folder
                try perform { (file) throws(HDF5Error) in try file.createGroup(path) }
            }
            try write(array, at: "\(group)/\(array.name)", hashing: &hashing)
        }
        var manifest: [ManifestEntry] = []
        for (array, digest) in zip(arrays, hashing.digests()) {
            try check(digest, of: array, at: "\(group)/\(array.name)")
            manifest.append(
                ManifestEntry(
                    name: array.name, elementType: array.elementType, shape: array.shape,
                    digest: digest))
        }
        return manifest
    }

    /// Writes one array, or a link to an identical one.
    private func write(
        _ array: ArrayDraft, at path: String, hashing: inout HashingQueue
    ) throws(StoreError) {
        let tensor = try array.load()
        let digest = hashing.add(tensor)
        if array.isShareable {
            // Whether it has to be written at all depends on the digest.
            let digest = digest.value()
            if let existing = try sharedArray(digest) {
                return try perform { (file) throws(HDF5Error) in
                    try file.link(existing, at: path)
                }
            }
            sharedArrays?[digest] = path
        }
        try writeElements(of: tensor, array, at: path)
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
