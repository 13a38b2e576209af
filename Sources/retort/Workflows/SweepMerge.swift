// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import Tensors

/// Bringing together what the processes of a sweep have made, each in a store of its own.
struct SweepMerge {
    let store: String
    let prefix: String

    /// Copies all that the parts `STORE.rankN` hold into the store, one transaction for each, and
    /// removes them. What the store has already, equal by digest, is passed over, so that a merge
    /// that was interrupted can be run again.
    ///
    /// - Throws: ``Failure`` when a part has another object under a name that the store has.
    func run() throws {
        for part in RankParts.of(store) {
            let writer = try StoreWriter.openOrCreate(path: store)
            defer { writer.close() }
            let source = try Store.open(path: part)
            try copy(source.entries, from: source, to: writer)
            try writer.commit()
            unlink(part)
        }
    }

    /// Gives a part what the store has of this sweep, so that nothing is made again.
    func copyKnown(to part: String) throws {
        guard access(store, F_OK) == 0 else { return }
        let writer = try StoreWriter.openOrCreate(path: part)
        defer { writer.close() }
        let source = try Store.open(path: store)
        let own = source.entries.filter { $0.name.base.hasPrefix(prefix + ".") }
        try copy(own, from: source, to: writer)
        try writer.commit()
    }

    private func copy(
        _ entries: [StoreEntry], from source: Store, to writer: StoreWriter
    ) throws {
        for entry in entries {
            let name = entry.name.description
            if let own = writer.entry(entry.kind, named: name) {
                guard own.digest == entry.digest else {
                    throw Failure(
                        "\(source.path): \(entry.kind.title) '\(name)' has the digest \(entry.digest.short), in \(writer.path) it has \(own.digest.short); they are of different sweeps"
                    )
                }
                continue
            }
            // Another name of what has just come over stays another name.
            let twin = source.otherNames(of: entry).lazy.compactMap {
                writer.entry(entry.kind, named: $0.name.description)
            }.first
            if let twin {
                try writer.link(entry.kind, named: twin.name.description, as: name)
            } else {
                try writer.copy(entry.kind, named: name, from: source)
            }
        }
    }
}
