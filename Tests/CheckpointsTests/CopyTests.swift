// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import Tensors
import Testing
import TestSupport

@Suite struct CopyTests {
    @Test func copiesKeepDigestTimeAndContent() throws {
        let source = try Store.open(path: fixture("store/sample.h5"))
        try withStorePath { path in
            try makeStore(at: path) { writer in
                for entry in source.entries where entry.name.description != "teacher" {
                    let digest = try writer.copy(
                        entry.kind, named: entry.name.description, from: source)
                    #expect(digest == entry.digest)
                }
                try writer.copy(.checkpoint, named: "teacher", from: source, as: "renamed")
            }
            let copy = try Store.open(path: path)
            #expect(copy.verify(full: true) == [])
            for entry in source.entries where entry.name.description != "teacher" {
                let found = try #require(copy.entry(entry.kind, named: entry.name.description))
                #expect(found.digest == entry.digest && found.created == entry.created)
                #expect(found.references.map(\.digest) == entry.references.map(\.digest))
            }
            let original = try source.checkpoint(named: "teacher")
            let renamed = try copy.checkpoint(named: "renamed")
            #expect(renamed.tensors == original.tensors)
            #expect(renamed.optimizer == original.optimizer)
            #expect(renamed.axes == original.axes && renamed.roles == original.roles)
            #expect(renamed.metadata == original.metadata)
            #expect(renamed.architectureText == original.architectureText)
            #expect(try copy.softLabels(named: "cache").augmentationSeed == UInt64.max - 2)
        }
    }

    @Test func aCopyWithinAStoreTakesNoSpace() throws {
        try withStorePath { path in
            try makeStore(at: path) {
                try $0.append(checkpoint: Sample.checkpoint(), named: "net")
            }
            let writer = try StoreWriter.open(path: path)
            defer { writer.close() }
            try writer.copy(.checkpoint, named: "net", from: Store.open(path: path), as: "twin")
            try writer.commit()
            let store = try Store.open(path: path)
            let twin = try #require(store.entry(.checkpoint, named: "twin"))
            #expect(store.otherNames(of: twin).map(\.name.description) == ["net"])
            #expect(
                storeError { try writer.copy(.checkpoint, named: "net", from: store) }?.kind
                    == .nameTaken)
        }
    }
}
