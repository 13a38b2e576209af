// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A checkpoint as it lies in a store.
public struct Checkpoint: Sendable {
    public let name: String
    /// Of the manifest and the architecture: equal weights and graph, equal digest.
    public let digest: Digest
    /// When it was made: `2026-11-21T01:31:15Z`.
    public let created: String
    /// What it was made from.
    public let parents: [Digest]
    /// The data it was trained on, where that is known.
    public let dataDigest: Digest?
    /// The model's graph; `.null` when it is not known.
    public let architecture: JSON
    /// The architecture as stored: the bytes that the digest covers.
    public let architectureText: String
    public let metadata: JSON
    /// What each tensor is and its digest, in the writer's order.
    public let manifest: [ManifestEntry]
    /// Views of the mapped file, in the writer's order.
    public let tensors: NamedTensors
    /// Axis letters by tensor, for those where they are known.
    public let axes: [String: String]
    /// Roles by tensor, for those where they are known.
    public let roles: [String: String]
    /// What training needs to go on from here; nil when it was not kept.
    public let optimizer: NamedTensors?

    init(_ object: StoredObject) throws(StoreError) {
        name = object.entry.name.description
        digest = object.entry.digest
        created = object.entry.created
        parents = object.entry.references.digests(.parent)
        dataDigest = object.entry.references.digests(.data).first
        architecture = object.architecture ?? .null
        architectureText = object.architectureText ?? JSON.null.text()
        metadata = object.metadata
        manifest = object.arrays.manifest
        guard !manifest.isEmpty else {
            throw object.malformed("a checkpoint has no tensors, expected at least one")
        }
        tensors = try object.arrays.tensors()
        optimizer = try object.state?.tensors()
        var axes: [String: String] = [:]
        var roles: [String: String] = [:]
        for entry in manifest {
            axes[entry.name] = try object.arrays.attribute(
                StoreFormat.Attribute.axes, of: entry.name)
            roles[entry.name] = try object.arrays.attribute(
                StoreFormat.Attribute.role, of: entry.name)
        }
        self.axes = axes
        self.roles = roles
    }
}
