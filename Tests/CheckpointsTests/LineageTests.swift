// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import Tensors
import Testing
import TestSupport

@Suite struct LineageTests {
    /// data -> teacher -> soft labels -> student -> adversarial set.
    private func story(at path: String) throws {
        try makeStore(at: path) { writer in
            let data = try writer.append(
                dataset: DatasetContent(images: Sample.images), named: "blocks")
            var content = Sample.checkpoint()
            content.dataDigest = data
            let teacher = try writer.append(checkpoint: content, named: "teacher")
            let cache = try writer.append(
                softLabels: Sample.softLabels(teacher: teacher, data: data), named: "cache")
            content = Sample.checkpoint(scale: 2, parents: [cache])
            content.dataDigest = data
            let student = try writer.append(checkpoint: content, named: "student@1")
            try writer.link(.checkpoint, named: "student@1", as: "student")
            try writer.append(
                adversarialSet: Sample.adversarialSet(source: student), named: "fgsm")
        }
    }

    @Test func theStoryIsToldByDigest() throws {
        try withStorePath { path in
            try story(at: path)
            let store = try Store.open(path: path)
            let lineage = store.lineage
            #expect(lineage.nodes.count == 6)
            #expect(lineage.broken.isEmpty)
            let student = try #require(store.entry(.checkpoint, named: "student"))
            #expect(lineage.node(student.digest)?.names == ["student", "student@1"])
            #expect(
                lineage.origins(of: student.digest).map(\.relation) == [.parent, .data])
            #expect(lineage.derivatives(of: student.digest).map(\.relation) == [.source])
            let elsewhere = try #require(lineage.nodes.last)
            #expect(elsewhere.digest == Sample.data && elsewhere.presence == .external)
            #expect(student.references.first?.name == "cache")
            let set = try #require(store.entry(.adversarialSet, named: "fgsm"))
            #expect(set.references.first?.name == "student@1", "an alias moves on, an epoch stays")
        }
    }

    @Test func theOutlineDrawsEveryNodeOnce() throws {
        try withStorePath { path in
            try story(at: path)
            let lines = try Store.open(path: path).lineage.outline()
            let text = lines.map { line in
                String(repeating: "  ", count: line.depth)
                    + (line.node.names.first ?? line.node.digest.short)
                    + (line.isRepeated ? " (above)" : "")
            }
            #expect(
                text == [
                    "blocks", "  student", "    fgsm", "  teacher", "    cache",
                    "      student (above)", "  cache (above)", Sample.data.short,
                    "  fgsm",
                ])
        }
    }

    @Test func whatIsGoneIsMissingAndWhatWasReplacedIsStale() throws {
        try withStorePath { path in
            try story(at: path)
            let teacher = try Store.open(path: path).checkpoint(named: "teacher").digest
            let writer = try StoreWriter.open(path: path)
            defer { writer.close() }
            try writer.remove(.checkpoint, named: "teacher")
            try writer.commit()
            var lineage = try Store.open(path: path).lineage
            #expect(lineage.node(teacher)?.presence == .missing)
            #expect(lineage.node(teacher)?.names == ["teacher"])
            #expect(lineage.broken.map(\.origin) == [teacher])
            // Trained again under the same name: the cache is of the old one.
            try writer.append(checkpoint: Sample.checkpoint(scale: 9), named: "teacher")
            try writer.commit()
            lineage = try Store.open(path: path).lineage
            #expect(lineage.node(teacher)?.presence == .stale(name: "teacher"))
            #expect(lineage.broken.count == 1)
            #expect(lineage.broken.first?.relation == .teacher)
        }
    }

    @Test func aThousandEpochsInARowAreDrawn() throws {
        try withStorePath { path in
            try makeStore(at: path) { writer in
                var last: Digest?
                for epoch in 1...60 {
                    last = try writer.append(
                        checkpoint: Sample.checkpoint(
                            scale: Float(epoch), parents: [last].compactMap { $0 }),
                        named: "net@\(epoch)")
                }
            }
            let lines = try Store.open(path: path).lineage.outline()
            #expect(lines.count(where: { !$0.isRepeated }) >= 61)
        }
    }
}
