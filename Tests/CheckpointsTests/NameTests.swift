// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Tensors
import Testing
import TestSupport

@Suite struct NameTests {
    @Test(arguments: ["teacher", "a", "A.b-c_9", "teacher@0", "teacher@12", "...", "-x"])
    func namesOfTheFormatAreAccepted(name: String) throws {
        let parsed = try ObjectName(name, kind: .checkpoint, file: "s.h5")
        #expect(parsed.description == name)
        try withStorePath { path in
            try makeStore(at: path) {
                try $0.append(checkpoint: Sample.checkpoint(), named: name)
            }
            #expect(try Store.open(path: path).checkpoint(named: name).name == name)
        }
    }

    @Test(arguments: [
        "", ".", "..", "a/b", "a b", "é", "a@", "a@x", "a@03", "a@-1", "a@1@2", "@1", "a\u{0}",
        String(repeating: "x", count: 201),
    ])
    func otherNamesAreRefusedBeforeAnythingIsWritten(name: String) throws {
        try withStorePath { path in
            try makeStore(at: path) { writer in
                let error = storeError {
                    try writer.append(checkpoint: Sample.checkpoint(), named: name)
                }
                #expect(error?.kind == .invalidName)
                #expect(error?.description.contains(path) == true)
                #expect(!ObjectName.isValid(name, kind: .checkpoint))
            }
            #expect(try Store.open(path: path).entries.isEmpty)
        }
    }

    @Test func onlyCheckpointsHaveEpochs() {
        #expect(ObjectName.isValid("a@1", kind: .checkpoint))
        for kind in [ObjectKind.softLabels, .adversarialSet, .dataset] {
            #expect(!ObjectName.isValid("a@1", kind: kind))
        }
    }

    @Test func namesSortByEpochAsANumber() throws {
        let names = try ["b", "a@10", "a@9", "a", "a-b"].map {
            try ObjectName($0, kind: .checkpoint, file: "")
        }
        #expect(names.sorted().map(\.description) == ["a", "a@9", "a@10", "a-b", "b"])
    }

    @Test func aTakenNameIsRefusedAndNothingIsOverwritten() throws {
        try withStorePath { path in
            try makeStore(at: path) {
                try $0.append(checkpoint: Sample.checkpoint(), named: "net")
            }
            let writer = try StoreWriter.open(path: path)
            defer { writer.close() }
            let error = storeError {
                try writer.append(checkpoint: Sample.checkpoint(scale: 2), named: "net")
            }
            #expect(error?.kind == .nameTaken)
            #expect(
                error?.description == "\(path): already has a checkpoint 'net'; "
                    + "nothing is overwritten")
            // The writer goes on; another kind may use the name.
            try writer.append(softLabels: Sample.softLabels(), named: "net")
            try writer.commit()
            let net = try Store.open(path: path).checkpoint(named: "net")
            #expect(net.tensors == Sample.tensors())
        }
    }

    @Test func theAliasMovesInTheTransactionThatBringsTheNewEpoch() throws {
        try withStorePath { path in
            let writer = try StoreWriter.create(path: path)
            defer { writer.close() }
            for epoch in 1...3 {
                try writer.append(
                    checkpoint: Sample.checkpoint(scale: Float(epoch)), named: "net@\(epoch)")
                try writer.relink(.checkpoint, alias: "net", to: "net@\(epoch)")
                try writer.commit()
                let store = try Store.open(path: path)
                #expect(
                    try store.checkpoint(named: "net").tensors
                        == Sample.tensors(scale: Float(epoch)))
                #expect(store.checkpoints.count == epoch + 1)
            }
            // Back to the best one.
            try writer.relink(.checkpoint, alias: "net", to: "net@2")
            try writer.relink(.checkpoint, alias: "net", to: "net@2")
            try writer.commit()
            let store = try Store.open(path: path)
            #expect(try store.checkpoint(named: "net").tensors == Sample.tensors(scale: 2))
            #expect(store.verify(full: true) == [])
        }
    }

    @Test func anOnlyNameIsNeverMoved() throws {
        try withStorePath { path in
            try makeStore(at: path) { writer in
                try writer.append(checkpoint: Sample.checkpoint(), named: "net")
                try writer.append(checkpoint: Sample.checkpoint(scale: 2), named: "net@2")
                let error = storeError {
                    try writer.relink(.checkpoint, alias: "net", to: "net@2")
                }
                #expect(error?.kind == .nameTaken)
                #expect(error?.problem.contains("only name") == true)
            }
            #expect(try Store.open(path: path).checkpoint(named: "net").tensors == Sample.tensors())
        }
    }

    @Test func removingANameKeepsTheObjectItsAliasNames() throws {
        try withStorePath { path in
            try makeStore(at: path) { writer in
                try writer.append(checkpoint: Sample.checkpoint(), named: "net@1")
                try writer.link(.checkpoint, named: "net@1", as: "net")
            }
            let writer = try StoreWriter.open(path: path)
            defer { writer.close() }
            try writer.remove(.checkpoint, named: "net@1")
            try writer.commit()
            #expect(try Store.open(path: path).checkpoint(named: "net").tensors == Sample.tensors())
            try writer.remove(.checkpoint, named: "net")
            try writer.commit()
            #expect(try Store.open(path: path).entries.isEmpty)
            // A free name can be used again.
            try writer.append(checkpoint: Sample.checkpoint(scale: 2), named: "net")
            try writer.commit()
            let net = try Store.open(path: path).checkpoint(named: "net")
            #expect(net.tensors == Sample.tensors(scale: 2))
        }
    }

    @Test func whatIsNotThereIsNamedWithWhatIs() throws {
        try withStorePath { path in
            try makeStore(at: path) { writer in
                try writer.append(checkpoint: Sample.checkpoint(), named: "net")
                #expect(
                    storeError { try writer.remove(.checkpoint, named: "x") }?.kind == .notFound)
            }
            let store = try Store.open(path: path)
            let error = storeError { _ = try store.checkpoint(named: "x") }
            #expect(error?.description == "\(path): has no checkpoint 'x': found net")
            let none = storeError { _ = try store.softLabels(named: "x") }
            #expect(none?.description == "\(path): has no soft labels 'x': there are none")
        }
    }
}
