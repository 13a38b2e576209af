// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import Robustness
import Tensors

/// What makes two attacks the same attack.
struct CraftingIdentity {
    /// The canonical text.
    let attack: String
    let source: Digest
    let data: Digest
    /// Of all shards.
    let rowIDs: [Int]

    /// - Throws: ``Failure`` naming what is another in `set`.
    func check(_ set: Checkpoints.AdversarialSet, in file: String, rows: Range<Int>? = nil) throws {
        func refuse(_ what: String, _ found: String, _ expected: String) -> Failure {
            Failure(
                "\(file): the adversarial set '\(set.name)' belongs to another run: \(what) is \(found) there, \(expected) here"
            )
        }
        let found = set.metadata["attack"]?["text"]?.stringValue ?? "unknown"
        guard found == attack else { throw refuse("the attack", found, attack) }
        guard set.sourceDigest == source else {
            throw refuse("the checkpoint", set.sourceDigest.short, source.short)
        }
        guard set.dataDigest == data else {
            throw refuse("the data", set.dataDigest.short, data.short)
        }
        var images: [Int] = []
        // An image with several targets is several rows, one after the other.
        for row in set.rowIndex where images.last != row { images.append(row) }
        let expected = Array(rowIDs[rows ?? rowIDs.indices])
        guard images == expected else {
            throw refuse("the number of images", "\(images.count)", "\(expected.count)")
        }
    }
}

/// The shards of one attack, in stores beside the target: `STORE.SET.shards`, and for other
/// processes than the first `STORE.SET.shards.rank1`, ...
struct CraftingShards {
    let target: String
    let name: String
    let identity: CraftingIdentity
    let rows: CraftingRows
    let ranks: Ranks

    var count: Int { (rows.count + Crafting.shardRows - 1) / Crafting.shardRows }

    private var firstFile: String { "\(target).\(name).shards" }
    var ownFile: String { ranks.part(of: firstFile) }

    /// Every shard file that exists.
    private var files: [String] {
        (access(firstFile, F_OK) == 0 ? [firstFile] : []) + RankParts.of(firstFile)
    }

    static func name(of number: Int) -> String { "shard-\(number)" }

    func rows(of number: Int) -> Range<Int> {
        let first = number * Crafting.shardRows
        return first..<min(first + Crafting.shardRows, rows.count)
    }

    /// The shards this process has to make.
    ///
    /// - Throws: ``Failure`` when an interrupted run left shards and nobody asked to go on from them,
    ///   or they are another attack's.
    func pending(resume: Bool) throws -> [Int] {
        let found = files
        // Without MPI the other processes have been here already.
        let old = found.filter { $0 == ownFile || ranks.count == 1 }
        if let file = old.first, !resume {
            throw Failure(
                "\(file): holds what an interrupted attack has done; add --resume to go on from it, or remove the file"
            )
        }
        let done = try finished(in: found)
        return (0..<count).filter { ranks.owns($0) && done[$0] == nil }
    }

    /// Where each finished shard lies.
    private func finished(in files: [String]) throws -> [Int: Checkpoints.AdversarialSet] {
        var found: [Int: Checkpoints.AdversarialSet] = [:]
        for file in files {
            let store = try Store.open(path: file)
            for entry in store.adversarialSets {
                let set = try store.adversarialSet(named: entry.name.description)
                guard let number = set.metadata["shard"]?["number"]?.integerValue,
                    (0..<count).contains(number)
                else {
                    throw Failure("\(file): '\(set.name)' is no shard of the set '\(name)'")
                }
                try identity.check(set, in: file, rows: rows(of: number))
                found[number] = set
            }
        }
        return found
    }

    /// All shards in their order.
    ///
    /// - Throws: ``Failure`` when some are missing.
    func results() throws -> [AdversarialResult] {
        let found = try finished(in: files)
        let missing = (0..<count).filter { found[$0] == nil }
        guard missing.isEmpty else {
            throw Failure(
                "\(target): \(missing.count) of the \(count) shards of '\(name)' are missing; run the other processes first, or add --resume to make them"
            )
        }
        return try (0..<count).compactMap { try found[$0].map(AdversarialResult.init(shard:)) }
    }

    /// Removes the files, once what they hold is in the target.
    func remove() {
        for file in files { unlink(file) }
    }
}

extension AdversarialResult {
    fileprivate init(shard set: Checkpoints.AdversarialSet) throws {
        try self.init(
            adversarial: set.adversarial(), clean: set.clean(), labels: set.labels,
            targets: set.targets, statuses: set.status, margins: set.margin.floats(),
            distances: set.distance.withUnsafeBytes { bytes in
                (0..<set.count).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Double.self) }
            }, rowIDs: set.rowIndex, record: set.metadata,
            rowCosts: set.metadata["shard"]?["row_costs"] ?? .null)
    }
}
