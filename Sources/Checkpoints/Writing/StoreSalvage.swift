// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import HDF5

/// What came out of a damaged store.
public struct StoreSalvage: Hashable, Sendable {
    /// What is in the new store, under each of its names.
    public let saved: [StoreEntry]
    /// What is not, by its path in the damaged store, and why.
    public let lost: [StoreProblem]
}

extension Store {
    /// Copies every object of a damaged store whose digests still hold into a new one.
    ///
    /// Bits may have changed anywhere and the end of the file may be missing. Where the list of
    /// names is damaged too, the file is searched for objects; those found without their names
    /// are called `recovered-` and the beginning of their digest, and removed ones may be among
    /// them.
    ///
    /// - Parameters:
    ///   - path: the damaged store, which is left as it is.
    ///   - target: the path of the new store, which must not exist.
    /// - Returns: what was saved, each with the digest it had, and what was lost.
    /// - Throws: ``StoreError`` when the file is no store or nothing in it can be saved, so that
    ///   no new store is made; or when the new one cannot be written.
    public static func salvage(path: String, to target: String) throws(StoreError) -> StoreSalvage {
        guard access(target, F_OK) != 0 else {
            throw StoreError(.file, file: target, "exists already")
        }
        let remains = try DamagedStore(path: path)
        guard !remains.sound.isEmpty else {
            let first = remains.lost.first?.description ?? "it holds no objects"
            throw StoreError(.malformed, file: path, "nothing in it can be saved: \(first)")
        }
        let writer = try StoreWriter.create(path: target)
        defer { writer.close() }
        do throws(StoreError) {
            for object in remains.sound { try writer.append(object) }
            try writer.commit()
        } catch {
            // The new store holds nothing yet.
            unlink(target)
            throw error
        }
        return StoreSalvage(saved: writer.entries, lost: remains.lost)
    }
}

extension StoreWriter {
    /// Copies an object under the first of its names and links the others to it.
    fileprivate func append(_ sound: DamagedStore.SoundObject) throws(StoreError) {
        let kind = sound.object.entry.kind
        let name = sound.names[0]
        _ = try stage(sound.object, as: freeName(name, kind: kind))
        for other in sound.names.dropFirst() { try link(kind, named: name, as: other) }
    }
}
