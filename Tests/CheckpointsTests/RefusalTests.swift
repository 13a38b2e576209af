// SPDX-License-Identifier: Apache-2.0

import Foundation
import HDF5
import Tensors
import Testing
import TestSupport

@testable import Checkpoints

@Suite struct RefusalTests {
    @Test func aStoreFromTheFutureIsRefusedByVersion() throws {
        try withStorePath { path in
            let file = try HDF5Writer.create(path: path)
            try file.setAttribute(.string("retort-store"), named: "format", at: "/")
            try file.setAttribute(.integer(2), named: "format_version", at: "/")
            try file.commit()
            file.close()
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            for open in [
                { _ = try Store.open(path: path) }, { _ = try StoreWriter.open(path: path) },
            ]
                as [() throws -> Void]
            {
                let error = storeError(open)
                #expect(error?.kind == .unsupportedVersion)
                #expect(
                    error?.description == "\(path): follows version 2 of the store format, "
                        + "expected version 1; a newer Retort may read it")
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        }
    }

    @Test func otherHDF5FilesAreRefused() throws {
        try withStorePath { path in
            let file = try HDF5Writer.create(path: path)
            try file.write(Tensor([1, 2], shape: [2]), at: "/weights")
            try file.commit()
            #expect(storeError { _ = try Store.open(path: path) }?.kind == .notAStore)
            try file.setAttribute(.string("something"), named: "format", at: "/")
            try file.commit()
            file.close()
            let error = storeError { _ = try Store.open(path: path) }
            #expect(
                error?.problem == "is not a Retort store: found the format 'something', "
                    + "expected 'retort-store'")
            #expect(storeError { _ = try StoreWriter.openOrCreate(path: path) } == error)
        }
    }

    @Test func missingFilesAndFilesOfOtherKindsAreRefused() throws {
        try withStorePath { path in
            #expect(
                storeError { _ = try Store.open(path: path) }?.description.contains(path) == true)
            #expect(storeError { _ = try StoreWriter.open(path: path) }?.kind == .file)
            try Data("not HDF5 at all, but long enough to be looked at".utf8)
                .write(to: URL(fileURLWithPath: path))
            let error = storeError { _ = try Store.open(path: path) }
            #expect(error?.kind == .notAStore, "\(String(describing: error))")
            #expect(storeError { _ = try StoreWriter.create(path: path) } != nil)
        }
    }

    @Test func everyTruncationIsRefusedOrFoundByVerification() throws {
        try withStorePath { path in
            try makeStore(at: path) {
                try $0.append(checkpoint: Sample.checkpoint(), named: "net")
            }
            let whole = try Data(contentsOf: URL(fileURLWithPath: path))
            for count in stride(from: 0, to: whole.count, by: 97) {
                try whole.prefix(count).write(to: URL(fileURLWithPath: path))
                let error = storeError { _ = try Store.open(path: path) }
                #expect(error != nil, "\(count) of \(whole.count) bytes were accepted")
            }
        }
    }

    /// Replaces a manifest by one that says something else, digests kept.
    private func doctored(
        _ change: ([ManifestEntry]) -> [ManifestEntry]
    ) throws -> (StoreError?, [StoreProblem]) {
        try withStorePath { path in
            try makeStore(at: path) {
                try $0.append(checkpoint: Sample.checkpoint(), named: "net")
            }
            let manifest = try Store.open(path: path).checkpoint(named: "net").manifest
            let lie = change(manifest)
            let file = try HDF5Writer.open(path: path)
            try file.unlink("/checkpoints/net/manifest")
            try file.writeRecords(
                Manifest.fields(for: lie), count: lie.count, bytes: Manifest.bytes(of: lie),
                at: "/checkpoints/net/manifest")
            try file.commit()
            file.close()
            let store = try Store.open(path: path)
            return (
                storeError { _ = try store.checkpoint(named: "net") }, store.verify(full: false)
            )
        }
    }

    private func entry(
        _ old: ManifestEntry, name: String? = nil, type: ElementType? = nil, shape: Shape? = nil,
        digest: Digest? = nil
    ) -> ManifestEntry {
        ManifestEntry(
            name: name ?? old.name, elementType: type ?? old.elementType,
            shape: shape ?? old.shape, digest: digest ?? old.digest)
    }

    @Test func aManifestThatDisagreesWithItsTensorsIsRefused() throws {
        let lies: [(([ManifestEntry]) -> [ManifestEntry], String)] = [
            ({ [$0[0], self.entry($0[1], name: "conv9/bias")] }, "'conv9/bias' is missing"),
            ({ [$0[0], self.entry($0[1], name: "conv1")] }, "is a tensor and a folder of others"),
            ({ [$0[0], self.entry($0[1], name: "../x")] }, "component '..'"),
            (
                { [$0[0], self.entry($0[1], type: .i32)] },
                "says 'conv1/bias' is I32, found float32"
            ),
            (
                { [$0[0], self.entry($0[1], shape: [1, 2])] },
                "says 'conv1/bias' has shape (1, 2), found (2)"
            ),
            ({ [$0[0]] }, "'conv1/bias' is not in the manifest"),
            ({ [$0[0], $0[1], $0[1]] }, "occurs twice"),
            ({ _ in [] }, "'conv1' is not in the manifest"),
        ]
        for (change, sentence) in lies {
            let (error, problems) = try doctored(change)
            #expect(error?.kind == .malformed)
            #expect(error?.problem.contains(sentence) == true, "\(String(describing: error))")
            #expect(problems.count == 1 && problems[0].object.contains("/checkpoints/net"))
        }
    }

    @Test func aManifestWithAnotherDigestIsFoundByVerification() throws {
        let (error, problems) = try doctored {
            [$0[0], entry($0[1], digest: Sample.digest("forged"))]
        }
        #expect(error == nil)
        #expect(problems.count == 1)
        #expect(problems.first?.object == "/checkpoints/net")
        #expect(problems.first?.problem.contains("have the digest") == true)
    }

    @Test func anObjectThatCannotBeListedDoesNotHideTheOthers() throws {
        try withStorePath { path in
            try makeStore(at: path) {
                try $0.append(checkpoint: Sample.checkpoint(), named: "net")
            }
            let file = try HDF5Writer.open(path: path)
            try file.createGroup("/checkpoints/odd name")
            try file.createGroup("/checkpoints/bare")
            try file.setAttribute(.string("no digest"), named: "digest", at: "/checkpoints/bare")
            try file.write(Tensor([1], shape: [1]), at: "/datasets/array")
            try file.commit()
            file.close()
            let store = try Store.open(path: path)
            #expect(store.entries.map(\.path) == ["/checkpoints/net"])
            #expect(store.unlisted.count == 3 && store.verify(full: false).count == 3)
            let error = storeError { _ = try store.checkpoint(named: "bare") }
            #expect(error?.problem.contains("'no digest' is not a digest") == true)
        }
    }
}
