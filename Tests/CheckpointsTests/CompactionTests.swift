// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
@testable import HDF5
import Tensors
import Testing
import TestSupport

@Suite struct CompactionTests {
    /// A store with removed objects, aliases, shared arrays and enough names for dense links.
    private func makeWornStore(at path: String, epochs: Int = 40) throws {
        try makeStore(at: path) { writer in
            for epoch in 0..<epochs {
                let content = Sample.checkpoint(scale: Float(epoch))
                try writer.append(checkpoint: content, named: "net@\(epoch)")
            }
            try writer.link(.checkpoint, named: "net@3", as: "net")
            try writer.append(dataset: DatasetContent(images: Sample.images), named: "digits")
            try writer.append(softLabels: Sample.softLabels(), named: "cache")
            try writer.append(adversarialSet: Sample.adversarialSet(), named: "a")
            try writer.append(adversarialSet: Sample.adversarialSet(shift: 0.5), named: "b")
        }
        let writer = try StoreWriter.open(path: path)
        defer { writer.close() }
        for epoch in stride(from: 4, to: epochs, by: 2) {
            try writer.remove(.checkpoint, named: "net@\(epoch)")
        }
        // Takes the array that "b" shares with it along, but not away.
        try writer.remove(.adversarialSet, named: "a")
        try writer.commit()
    }

    private func lines(_ path: String) throws -> [String] {
        let store = try Store.open(path: path)
        return store.entries.map { entry in
            let others = store.otherNames(of: entry).map(\.name.description)
            return "\(entry.path) \(entry.digest) \(entry.created) \(entry.references) \(others)"
        }
    }

    @Test func spaceReturnsAndEverythingElseStays() throws {
        try withStorePath { path in
            try makeWornStore(at: path)
            let before = try lines(path)
            let old = try Store.open(path: path)
            let result = try Store.compact(path: path)
            #expect(result.bytesAfter < result.bytesBefore * 3 / 4)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count == result.bytesAfter)
            #expect(result.objectCount == 25)
            #expect(try lines(path) == before)
            #expect(try Store.open(path: path).verify(full: true) == [])
            // A view of the old file stays what it was.
            #expect(old.verify(full: true) == [])
            // Hardly any space is left to return, and the store can be written to.
            let again = try Store.compact(path: path)
            #expect(abs(again.bytesAfter - result.bytesAfter) < 1024)
            let writer = try StoreWriter.open(path: path)
            defer { writer.close() }
            try writer.append(checkpoint: Sample.checkpoint(scale: 99), named: "later")
            try writer.relink(.checkpoint, alias: "net", to: "later")
            try writer.remove(.adversarialSet, named: "b")
            try writer.commit()
            #expect(try Store.open(path: path).verify(full: true) == [])
        }
    }

    @Test func whatTheFormatDoesNotKnowIsKept() throws {
        try withStorePath { path in
            try makeStore(at: path) {
                try $0.append(checkpoint: Sample.checkpoint(), named: "net")
            }
            let file = try HDF5Writer.open(path: path)
            try file.createGroup("/extension/deep")
            try file.write(Tensor([1, 2, 3], shape: [3]), at: "/extension/numbers")
            try file.setAttribute(.doubles([0.5, 2]), named: "later", at: "/")
            try file.setAttribute(.strings(["x", "yz"]), named: "note", at: "/checkpoints/net")
            try file.link("/extension/numbers", at: "/copy")
            try file.commit()
            file.close()
            _ = try Store.compact(path: path)
            let root = try HDF5File(path: path).root
            #expect(
                root.names == [
                    "adversarial", "checkpoints", "copy", "datasets", "extension", "soft_labels",
                ])
            #expect(root["extension"]?.group?["deep"]?.group != nil)
            let copy = try #require(root["copy"]?.dataset)
            #expect(try copy.tensor() == Tensor([1, 2, 3], shape: [3]))
            #expect(copy.address == root["extension"]?.group?["numbers"]?.dataset?.address)
            #expect(try root.attribute("later")?.floats() == [0.5, 2])
            let net = root["checkpoints"]?.group?["net"]?.group
            #expect(try net?.attribute("note")?.strings() == ["x", "yz"])
        }
    }

    @Test func aDamagedStoreIsRefusedAndStays() throws {
        try withStorePath { path in
            try makeWornStore(at: path, epochs: 4)
            let url = URL(fileURLWithPath: path)
            var bytes = try Data(contentsOf: url)
            let weights = try #require(Sample.tensors(scale: 2)["conv1/weight"])
            let pattern = weights.withUnsafeBytes { Data($0) }
            let place = try #require(bytes.firstRange(of: pattern))
            bytes[place.lowerBound + 9] ^= 2
            try bytes.write(to: url)
            let error = storeError { _ = try Store.compact(path: path) }
            #expect(error?.object == "/checkpoints/net@2/tensors/conv1/weight")
            #expect(error?.problem.contains("was left as it is") == true)
            #expect(try Data(contentsOf: url) == bytes)
            #expect(try files(beside: path) == ["store.h5"])
        }
    }

    private func files(beside path: String) throws -> [String] {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test func linksModesAndWritersAreRespected() throws {
        try withStorePath { path in
            try makeWornStore(at: path, epochs: 6)
            let link = path + ".link"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
            chmod(path, 0o640)
            let writer = try StoreWriter.open(path: path)
            #expect(storeError { _ = try Store.compact(path: link) }?.kind == .locked)
            writer.close()
            // What a killed compaction may leave behind.
            try Data("junk".utf8).write(
                to: URL(fileURLWithPath: path).deletingLastPathComponent()
                    .appendingPathComponent(".store.h5.new"))
            let result = try Store.compact(path: link)
            #expect(result.path.hasSuffix("/store.h5"))
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o640)
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: link) == path)
            #expect(try files(beside: path) == ["store.h5", "store.h5.link"])
        }
    }

    @Test func aFileThatIsNoStoreIsLeftAlone() throws {
        try withStorePath { path in
            let url = URL(fileURLWithPath: path)
            #expect(storeError { _ = try Store.compact(path: path) }?.kind == .file)
            try Data("not HDF5 at all".utf8).write(to: url)
            #expect(storeError { _ = try Store.compact(path: path) }?.kind == .notAStore)
            #expect(try Data(contentsOf: url) == Data("not HDF5 at all".utf8))
        }
    }
}
