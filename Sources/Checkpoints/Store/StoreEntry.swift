// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// One line of a store's contents: what can be known of an object without reading its arrays.
public struct StoreEntry: Hashable, Sendable {
    public let kind: ObjectKind
    public let name: ObjectName
    /// What the object is: equal digests mean equal content.
    public let digest: Digest
    /// When it was made: `2026-11-21T01:31:15Z`.
    public let created: String
    public let references: [Reference]
    /// Tells objects of one store apart; two names of one object share it.
    let identity: Int

    /// Where the object lies in the file: `/checkpoints/teacher`.
    public var path: String { kind.path(of: name.description) }

    /// The same object under another name.
    func renamed(_ name: ObjectName) -> StoreEntry {
        StoreEntry(
            kind: kind, name: name, digest: digest, created: created, references: references,
            identity: identity)
    }

    /// The same line with another identity, which means something within one file only.
    func identified(by identity: Int) -> StoreEntry {
        StoreEntry(
            kind: kind, name: name, digest: digest, created: created, references: references,
            identity: identity)
    }
}

/// The names of a store and what they lead to.
struct StoreCatalogue: Sendable {
    private(set) var entries: [ObjectKind: [String: StoreEntry]] = [:]

    subscript(kind: ObjectKind, name: String) -> StoreEntry? {
        get { entries[kind]?[name] }
        set { entries[kind, default: [:]][name] = newValue }
    }

    /// By base name, then epoch.
    func sorted(_ kind: ObjectKind) -> [StoreEntry] {
        (entries[kind] ?? [:]).values.sorted { $0.name < $1.name }
    }

    var all: [StoreEntry] { ObjectKind.allCases.flatMap { sorted($0) } }

    func named(by digest: Digest) -> [StoreEntry] { all.filter { $0.digest == digest } }

    /// The other names of the object that `entry` leads to.
    func otherNames(of entry: StoreEntry) -> [StoreEntry] {
        sorted(entry.kind).filter { $0.identity == entry.identity && $0.name != entry.name }
    }

    /// The name a reference should remember: one with an epoch if there is one, because such
    /// names stay with their object while `teacher` moves on.
    func lastingName(of digest: Digest) -> String? {
        let names = named(by: digest).map(\.name)
        return (names.first { $0.epoch != nil } ?? names.first)?.description
    }
}
