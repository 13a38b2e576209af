// SPDX-License-Identifier: Apache-2.0

internal import HDF5
internal import Tensors

extension StoreWriter {
    /// Writes an object into the transaction, its digest last.
    ///
    /// - Returns: the digest. A failure that leaves the transaction usable has taken the
    ///   object's beginnings out again.
    func stage(_ draft: ObjectDraft, as name: ObjectName) throws(StoreError) -> Digest {
        try checkUsable()
        let group = draft.kind.path(of: name.description)
        try perform { (file) throws(HDF5Error) in try file.createGroup(group) }
        do throws(StoreError) {
            return try write(draft, as: name, to: group)
        } catch {
            if isUsable {
                forgetSharedArrays(below: group)
                try perform { (file) throws(HDF5Error) in try file.unlink(group) }
            }
            throw error
        }
    }

    private func write(
        _ draft: ObjectDraft, as name: ObjectName, to group: String
    ) throws(StoreError) -> Digest {
        typealias Member = StoreFormat.Member
        let folder = draft.kind == .checkpoint ? "\(group)/\(Member.tensors)" : group
        let manifest = try write(draft.arrays, in: folder, isNew: folder != group)
        try write(manifest, at: "\(group)/\(Member.manifest)")
        var stateManifest: [ManifestEntry] = []
        if let state = draft.state {
            stateManifest = try write(state, in: "\(group)/\(Member.optimizer)", isNew: true)
            try write(stateManifest, at: "\(group)/\(Member.optimizerManifest)")
        }
        let metadata = draft.metadataText ?? draft.metadata.text()
        let references = draft.references.map { reference in
            Reference(
                reference.relation, reference.digest,
                name: reference.name ?? catalogue.lastingName(of: reference.digest))
        }
        try perform { (file) throws(HDF5Error) in
            if let architecture = draft.architecture {
                try file.writeText(architecture, at: "\(group)/\(Member.architecture)")
            }
            try file.writeText(metadata, at: "\(group)/\(Member.metadata)")
        }
        let digest: Digest
        do throws(ContentProblem) {
            digest = try draft.digest(manifest: manifest)
        } catch {
            throw StoreError(.invalidContent, file: path, object: group, error.description)
        }
        let created = draft.created ?? Timestamp.now()
        let record = ContentDigest.record(
            kind: draft.kind, digest: digest, created: created, metadata: metadata,
            references: references, state: stateManifest)
        try write(references, at: group)
        try perform { (file) throws(HDF5Error) in
            typealias Attribute = StoreFormat.Attribute
            if draft.kind == .softLabels {
                try file.setAttribute(.string("max"), named: Attribute.centring, at: group)
            }
            if let seed = draft.augmentationSeed {
                try file.setAttribute(
                    .integer(Int64(bitPattern: seed)), named: Attribute.augmentationSeed, at: group)
            }
            try file.setAttribute(.string(created), named: Attribute.created, at: group)
            try file.setAttribute(
                .string(record.hexadecimal), named: Attribute.recordDigest, at: group)
            try file.setAttribute(.string(digest.hexadecimal), named: Attribute.digest, at: group)
        }
        catalogue[draft.kind, name.description] = StoreEntry(
            kind: draft.kind, name: name, digest: digest, created: created,
            references: references, identity: makeIdentity())
        return digest
    }

    private func write(_ references: [Reference], at group: String) throws(StoreError) {
        for relation in Reference.Relation.allCases {
            let chosen = references.filter { $0.relation == relation }
            guard let first = chosen.first else { continue }
            try perform { (file) throws(HDF5Error) in
                guard relation == .parent else {
                    try file.setAttribute(
                        .string(first.digest.hexadecimal), named: relation.digestAttribute,
                        at: group)
                    if let name = first.name {
                        try file.setAttribute(
                            .string(name), named: relation.nameAttribute, at: group)
                    }
                    return
                }
                try file.setAttribute(
                    .strings(chosen.map(\.digest.hexadecimal)), named: relation.digestAttribute,
                    at: group)
                if chosen.contains(where: { $0.name != nil }) {
                    try file.setAttribute(
                        .strings(chosen.map { $0.name ?? "" }), named: relation.nameAttribute,
                        at: group)
                }
            }
        }
    }

    private func write(_ manifest: [ManifestEntry], at path: String) throws(StoreError) {
        try perform { (file) throws(HDF5Error) in
            try file.writeRecords(
                Manifest.fields(for: manifest), count: manifest.count,
                bytes: Manifest.bytes(of: manifest), at: path)
        }
    }
}
