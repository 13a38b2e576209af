// SPDX-License-Identifier: Apache-2.0

internal import HDF5
internal import Tensors

/// One object of a store with everything the four kinds have in common, checked for structure:
/// what the manifest says is there is there, and nothing else is.
struct StoredObject: Sendable {
    let entry: StoreEntry
    let file: String
    let recordDigest: Digest
    let metadataText: String
    let metadata: JSON
    let architectureText: String?
    let architecture: JSON?
    let augmentationSeed: UInt64?
    let arrays: StoredArrays
    let state: StoredArrays?

    init(_ entry: StoreEntry, group: HDF5Group, file: String) throws(StoreError) {
        typealias Member = StoreFormat.Member
        let values = StoredValues(group: group, file: file)
        self.entry = entry
        self.file = file
        recordDigest = try values.digest(StoreFormat.Attribute.recordDigest)
        (metadataText, metadata) = try values.json(Member.metadata)
        guard metadata.objectValue != nil else {
            throw values.malformed("'\(Member.metadata)' is not a JSON object")
        }
        augmentationSeed = try values.optionalInteger(StoreFormat.Attribute.augmentationSeed)
            .map { UInt64(bitPattern: $0) }
        let manifest = try Manifest.entries(in: values.dataset(Member.manifest), file: file)
        guard entry.kind == .checkpoint else {
            architectureText = nil
            architecture = nil
            arrays = try StoredArrays(
                manifest: manifest, folder: group, others: [Member.manifest, Member.metadata],
                file: file)
            state = nil
            return
        }
        let (text, value) = try values.json(Member.architecture)
        architectureText = text
        architecture = value
        arrays = try StoredArrays(
            manifest: manifest, folder: values.group(Member.tensors).group, file: file)
        guard group[Member.optimizerManifest] != nil else {
            state = nil
            return
        }
        state = try StoredArrays(
            manifest: Manifest.entries(in: values.dataset(Member.optimizerManifest), file: file),
            folder: values.group(Member.optimizer).group, file: file)
    }

    func malformed(_ problem: String) -> StoreError {
        StoreError(.malformed, file: file, object: entry.path, problem)
    }

    /// Checks that the array is there with one of the types and a rank of at least `rank`.
    ///
    /// - Returns: its shape.
    @discardableResult
    func require(
        _ name: String, _ types: [ElementType], rank: Int, rows: Int? = nil
    ) throws(StoreError) -> Shape {
        guard let found = arrays.manifest.first(where: { $0.name == name }) else {
            throw malformed("array '\(name)' is missing")
        }
        let expected = types.map(\.rawValue).joined(separator: " or ")
        guard types.contains(found.elementType), found.shape.rank == rank else {
            throw malformed(
                "'\(name)' is \(found.elementType) \(found.shape), expected \(expected) of rank "
                    + "\(rank)")
        }
        if let rows, found.shape[0] != rows {
            throw malformed("'\(name)' has \(found.shape[0]) rows, expected \(rows)")
        }
        return found.shape
    }

    func reference(_ relation: Reference.Relation) throws(StoreError) -> Digest {
        guard let digest = entry.references.digests(relation).first else {
            throw malformed("attribute '\(relation.digestAttribute)' is missing")
        }
        return digest
    }
}

extension StoreEntry {
    /// Reads what an object's group says of it without opening its arrays.
    init(
        _ kind: ObjectKind, name: String, group: HDF5Group, file: String
    ) throws(StoreError) {
        let values = StoredValues(group: group, file: file)
        self.kind = kind
        self.name = try ObjectName(name, kind: kind, file: file)
        digest = try values.digest(StoreFormat.Attribute.digest)
        created = try values.string(StoreFormat.Attribute.created)
        guard Timestamp.isWellFormed(created) else {
            throw values.malformed(
                "attribute 'created' is '\(created)', expected YYYY-MM-DDThh:mm:ssZ")
        }
        var references: [Reference] = []
        for relation in Reference.Relation.allCases
        where values.hasAttribute(relation.digestAttribute) {
            let isList = relation == .parent
            let digests =
                isList
                ? try values.digests(relation.digestAttribute)
                : [try values.digest(relation.digestAttribute)]
            let names =
                isList
                ? try values.strings(relation.nameAttribute)
                : [try values.optionalString(relation.nameAttribute) ?? ""]
            for (index, digest) in digests.enumerated() {
                let name = index < names.count && !names[index].isEmpty ? names[index] : nil
                references.append(Reference(relation, digest, name: name))
            }
        }
        self.references = references
        identity = group.address
    }
}
