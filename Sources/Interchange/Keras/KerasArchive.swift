// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

/// Keras 3's `.keras`: a zip archive of the model's configuration and its weights, stored as they
/// are, so that the weights are read in place (`keras/src/saving/saving_lib.py`).
enum KerasArchive: WritableWeightCodec {
    static let configName = "config.json"
    static let metadataName = "metadata.json"
    static let weightsName = "model.weights.h5"

    static func open(_ region: ByteRegion, path: String) throws(InterchangeError) -> WeightFile {
        let archive = try ZipArchive(region, path: path)
        let config = try config(in: archive)
        var opened = try KerasWeightsFile.open(
            weights(in: archive), config: config, format: .kerasArchive, path: path)
        opened.metadataByteCount =
            region.count
            - opened.entries.reduce(0) {
                $0 + ($1.sharedWith == nil ? $1.storedByteCount : 0)
            }
        opened.byteCount = region.count
        opened.metadata.merge(metadata(in: archive)) { own, _ in own }
        let known: Set = [configName, metadataName, weightsName]
        let others = archive.members.filter { !known.contains($0.name) && $0.byteCount > 0 }
        opened.remarks += others.prefix(20).map {
            "member '\($0.name)' (\($0.byteCount) bytes) is not read"
        }
        return opened
    }

    /// The model's configuration.
    static func config(in archive: ZipArchive) throws(InterchangeError) -> KerasConfig {
        guard let member = archive[configName] else {
            throw InterchangeError(
                .malformed, archive.path, "the archive has no '\(configName)'")
        }
        try requireGenuine(member, in: archive)
        let text = try archive.contents(of: member)
        // The bytes are the region's: a deflated member's are in nobody else's hands.
        defer { withExtendedLifetime(text) {} }
        return try KerasConfig(parsing: text.bytes, path: archive.path)
    }

    /// The HDF5 file in the archive, a view of it where it is stored.
    static func weights(in archive: ZipArchive) throws(InterchangeError) -> HDF5File {
        guard let member = archive[weightsName] else {
            let others = archive.members.first { $0.name.hasPrefix("model.weights.") }
            throw InterchangeError(
                .unsupported, archive.path,
                found: others.map { "weights in '\($0.name)'" } ?? "no weights",
                expected: "'\(weightsName)'")
        }
        try requireGenuine(member, in: archive)
        return try HDF5Tree.file(archive.contents(of: member), path: archive.path)
    }

    /// Keras stores members as they are, and refuses those that expand more than a hundredfold
    /// (`_reject_zip_bomb`); weights that someone compressed again never do.
    private static func requireGenuine(
        _ member: ZipArchive.Member, in archive: ZipArchive
    ) throws(InterchangeError) {
        guard
            member.isStored || member.byteCount <= 4 << 20
                || member.byteCount / 100 <= member.range.count
        else {
            throw InterchangeError(
                .malformed, archive.path,
                "member '\(member.name)' expands from \(member.range.count) to"
                    + " \(member.byteCount) bytes")
        }
    }

    /// What `metadata.json` says: Keras's version and the day.
    private static func metadata(in archive: ZipArchive) -> [String: JSON] {
        guard let member = archive[metadataName], member.byteCount <= 1 << 16,
            let text = try? archive.contents(of: member)
        else { return [:] }
        defer { withExtendedLifetime(text) {} }
        return (try? JSON(parsing: text.bytes))?.objectValue ?? [:]
    }
}
