// SPDX-License-Identifier: Apache-2.0

internal import HDF5
internal import Tensors

/// The arrays below one group, with the manifest that has been held against them.
struct StoredArrays: Sendable {
    let manifest: [ManifestEntry]
    private let arrays: [String: (entry: ManifestEntry, dataset: HDF5Dataset)]
    private let file: String

    /// - Parameters:
    ///   - folder: the group the manifest's names start from.
    ///   - others: datasets of `folder` that are no arrays; nil when it holds arrays only.
    /// - Throws: ``StoreError`` when manifest and datasets disagree.
    init(
        manifest: [ManifestEntry], folder: HDF5Group, others: Set<String>? = nil, file: String
    ) throws(StoreError) {
        self.manifest = manifest
        self.file = file
        let values = StoredValues(group: folder, file: file)
        var arrays: [String: (entry: ManifestEntry, dataset: HDF5Dataset)] = [:]
        for entry in manifest {
            let dataset = try values.dataset(entry.name)
            guard dataset.shape == entry.shape else {
                throw values.malformed(
                    "the manifest says '\(entry.name)' has shape \(entry.shape), "
                        + "found \(dataset.shape)")
            }
            guard dataset.datatype.elementType == Self.stored(entry.elementType) else {
                throw values.malformed(
                    "the manifest says '\(entry.name)' is \(entry.elementType), "
                        + "found \(dataset.datatype)")
            }
            arrays[entry.name] = (entry, dataset)
        }
        self.arrays = arrays
        let listed = Set(arrays.keys)
        if let extra = Self.unlisted(in: folder, others: others, listed: listed) {
            throw values.malformed("'\(extra)' is not in the manifest")
        }
    }

    /// FP8 numbers are kept as bytes.
    private static func stored(_ elementType: ElementType) -> ElementType {
        elementType == .f8e4m3 || elementType == .f8e5m2 ? .u8 : elementType
    }

    /// The first thing below `folder` that is no array of the manifest and leads to none.
    ///
    /// Folders are only entered when a listed name leads there: hard links can make a loop.
    private static func unlisted(
        in folder: HDF5Group, others: Set<String>?, listed: Set<String>
    ) -> String? {
        var folders: Set<String> = [""]
        for name in listed {
            var path = ""
            for component in name.split(separator: "/").dropLast() {
                path += component + "/"
                folders.insert(path)
            }
        }
        var pending: [(prefix: String, group: HDF5Group)] = [("", folder)]
        while let (prefix, group) = pending.popLast() {
            for (name, object) in group.members {
                let path = prefix + name
                switch object {
                case .group(let inner) where folders.contains(path + "/"):
                    pending.append((path + "/", inner))
                case .group where others != nil:
                    // What a later minor addition to the format put there.
                    continue
                case .dataset where listed.contains(path) || others?.contains(path) == true:
                    continue
                default: return path
                }
            }
        }
        return nil
    }

    /// The array of that name; views share the file's mapping where the layout allows it.
    func tensor(_ name: String, rows: Range<Int>? = nil) throws(StoreError) -> Tensor {
        guard let (entry, dataset) = arrays[name] else {
            throw StoreError(.malformed, file: file, "array '\(name)' is not in the manifest")
        }
        let stored: Tensor
        do throws(HDF5Error) {
            if let rows {
                stored = try dataset.tensor(rows: rows)
            } else {
                stored = try dataset.tensor()
            }
        } catch {
            throw StoreError(error, file: file)
        }
        guard stored.elementType != entry.elementType else { return stored }
        do throws(TensorError) {
            let result = stored.withUnsafeBytes { bytes in
                Result { () throws(TensorError) in
                    try Tensor(entry.elementType, shape: stored.shape, copying: bytes)
                }
            }
            return try result.get()
        } catch {
            throw StoreError(.malformed, file: file, object: dataset.path, error.description)
        }
    }

    /// All arrays in the manifest's order.
    func tensors() throws(StoreError) -> NamedTensors {
        var tensors = NamedTensors()
        for entry in manifest { tensors[entry.name] = try tensor(entry.name) }
        return tensors
    }

    /// Where the array lies in the file: `/checkpoints/teacher/tensors/conv1/weight`.
    func path(of name: String) -> String { arrays[name]?.dataset.path ?? name }

    /// Tells datasets apart; hard links to one dataset share it.
    func identity(of name: String) -> Int? { arrays[name]?.dataset.address }

    func attribute(_ attribute: String, of name: String) throws(StoreError) -> String? {
        guard let found = arrays[name]?.dataset.attribute(attribute) else { return nil }
        do throws(HDF5Error) {
            return try found.string()
        } catch {
            throw StoreError(error, file: file)
        }
    }

    /// Whether the array is chunked rather than contiguous.
    func isTable(_ name: String) -> Bool {
        if case .chunked? = arrays[name]?.dataset.layout { true } else { false }
    }

    /// Bytes the arrays take in the file.
    var storedByteCount: Int { arrays.values.reduce(0) { $0 + $1.dataset.storedByteCount } }
}
