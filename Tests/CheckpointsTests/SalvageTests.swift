// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

/// Stores with something broken: whatever is saved is what it was, whatever is not is listed.
@Suite struct SalvageTests {
    /// A worn store and what it holds, by path.
    private struct Wreck {
        let path: String
        let sound: Data
        let entries: [String: StoreEntry]
        let live: [HDF5LiveBytes]

        init(at path: String) throws {
            self.path = path
            try WornStore.make(at: path)
            sound = try Data(contentsOf: URL(fileURLWithPath: path))
            let store = try Store.open(path: path)
            entries = Dictionary(uniqueKeysWithValues: store.entries.map { ($0.path, $0) })
            live = try HDF5File(path: path).liveBytes
        }

        /// Salvages `damaged` and checks that nothing was invented and nothing forgotten.
        @discardableResult
        func salvage(_ damaged: Data, _ comment: String = "") throws -> StoreSalvage? {
            try damaged.write(to: URL(fileURLWithPath: path))
            let target = path + ".saved"
            defer { try? FileManager.default.removeItem(atPath: target) }
            let result: StoreSalvage
            do throws(StoreError) {
                result = try Store.salvage(path: path, to: target)
            } catch {
                #expect(!FileManager.default.fileExists(atPath: target), "\(comment)")
                return nil
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == damaged)
            let saved = try Store.open(path: target)
            #expect(saved.verify(full: true) == [], "\(comment)")
            #expect(saved.entries.map(\.path) == result.saved.map(\.path))
            for entry in saved.entries {
                if let original = entries[entry.path] {
                    #expect(entry.digest == original.digest, "\(entry.path) \(comment)")
                    #expect(entry.created == original.created, "\(entry.path) \(comment)")
                } else {
                    #expect(entry.name.base.hasPrefix("recovered-"), "\(comment)")
                }
            }
            // What is missing is listed, by itself or by the list that named it.
            let names = Set(saved.entries.map(\.path))
            let lost = Set(result.lost.map(\.object))
            for (path, entry) in entries where !names.contains(path) {
                let list = "/" + entry.kind.groupName
                #expect(!lost.isDisjoint(with: [path, list, "/"]), "\(path) \(comment)")
            }
            return result
        }
    }

    @Test func aSoundStoreIsSavedWhole() throws {
        try withStorePath { path in
            let wreck = try Wreck(at: path)
            let result = try #require(try wreck.salvage(wreck.sound))
            #expect(result.lost == [])
            #expect(Set(result.saved.map(\.path)) == Set(wreck.entries.keys))
            let store = try Store.open(path: path)
            #expect(store.entries.count == wreck.entries.count)
        }
    }

    @Test func oneBrokenArrayCostsOneObject() throws {
        try withStorePath { path in
            let wreck = try Wreck(at: path)
            let array = "/checkpoints/net@5/tensors/conv1/weight"
            let hit = try #require(wreck.live.first { $0.dataset == array })
            var damaged = wreck.sound
            damaged[hit.range.lowerBound + 3] ^= 0x40
            let result = try #require(try wreck.salvage(damaged))
            #expect(result.lost.map(\.object) == ["/checkpoints/net@5"])
            #expect(result.lost.first?.problem.contains("tensors/conv1/weight") == true)
            #expect(result.saved.count == wreck.entries.count - 1)
        }
    }

    /// One bit in each structure in turn.
    @Test func everyBrokenStructureCostsOnlyWhatLiesBehindIt() throws {
        try withStorePath { path in
            let wreck = try Wreck(at: path)
            let structures = wreck.live.filter { $0.dataset == nil }
            var saved: [Int] = []
            for (index, hit) in structures.enumerated() where index % 9 == 0 || index < 6 {
                var damaged = wreck.sound
                damaged[hit.range.lowerBound + hit.range.count / 2] ^= 0x10
                let result = try wreck.salvage(damaged, "structure at \(hit.range.lowerBound)")
                saved.append(result?.saved.count ?? 0)
            }
            saved.sort()
            // Objects without a name of their own are saved once.
            #expect(saved[0] > 10, "\(saved)")
            #expect(saved[saved.count / 2] >= wreck.entries.count - 2, "\(saved)")
        }
    }

    /// Without a root there is no way to the objects, but what lists them can be found.
    @Test(arguments: [0, 5, 8, 9, 20, 36, 50])
    func aBrokenSuperblockOrRootCostsNothing(place: Int) throws {
        try withStorePath { path in
            let wreck = try Wreck(at: path)
            var damaged = wreck.sound
            damaged[place] ^= 4
            let result = try #require(try wreck.salvage(damaged))
            #expect(result.lost.map(\.object) == ["/"])
            #expect(Set(wreck.entries.keys).isSubset(of: result.saved.map(\.path)))
        }
    }

    /// Several bits, and sometimes the end of the file, at once.
    @Test func nothingIsInventedWhateverBreaks() throws {
        try withStorePath { path in
            let wreck = try Wreck(at: path)
            let structures = wreck.live.filter { $0.dataset == nil }
            var random = RandomStream(seed: 11, purpose: .test)
            var saved = 0
            let rounds = max(40, BitRotTests.flips / 10)
            for round in 0..<rounds {
                var damaged = wreck.sound
                for _ in 0...random.integer(below: 8) {
                    let hit = structures[random.integer(below: structures.count)].range
                    damaged[hit.lowerBound + random.integer(below: hit.count)] ^=
                        1 << UInt8(random.integer(below: 8))
                }
                if round % 4 == 0 {
                    damaged = damaged.prefix(
                        damaged.count / 2 + random.integer(below: damaged.count / 2))
                }
                saved += try wreck.salvage(damaged, "round \(round)")?.saved.count ?? 0
            }
            #expect(saved > rounds * wreck.entries.count / 4)
            print("salvage: \(rounds) wrecks, \(saved) objects saved, each as it was")
        }
    }

    @Test func aTruncatedStoreGivesWhatIsLeft() throws {
        try withStorePath { path in
            let wreck = try Wreck(at: path)
            for part in [99, 90, 60, 30, 10] {
                let damaged = wreck.sound.prefix(wreck.sound.count * part / 100)
                let result = try wreck.salvage(Data(damaged), "\(part) % left")
                #expect(result != nil || part < 30, "\(part) % left")
            }
        }
    }

    @Test func whatIsNoStoreIsRefused() throws {
        try withStorePath { path in
            let target = path + ".saved"
            let url = URL(fileURLWithPath: path)
            try Data("hello".utf8).write(to: url)
            #expect(
                storeError { _ = try Store.salvage(path: path, to: target) }?.kind == .notAStore)
            try Data(contentsOf: URL(fileURLWithPath: fixture("hdf5/default-types.h5")))
                .write(to: url)
            #expect(
                storeError { _ = try Store.salvage(path: path, to: target) }?.kind == .notAStore)
            #expect(!FileManager.default.fileExists(atPath: target))
            try Data().write(to: URL(fileURLWithPath: target))
            #expect(
                storeError { _ = try Store.salvage(path: path, to: target) }?.problem
                    == "exists already")
        }
    }
}
