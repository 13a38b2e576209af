// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

@Suite struct SafetensorsWritingTests {
    private func open(_ path: String) throws -> WeightFile {
        try SafetensorsFile.open(InputFile.map(path), path: path)
    }

    @Test(arguments: ["types", "shapes", "names", "none"])
    func whatIsWrittenEqualsTheLibrarysFileButForPadding(name: String) throws {
        try withTemporaryDirectory { folder in
            let source = fixture("safetensors/\(name).safetensors")
            let file = try open(source)
            let path = folder.appendingPathComponent("x.safetensors").path
            try SafetensorsFile.write(
                WeightContent(entries: file.entries.shuffled(), metadata: file.metadata), to: path)
            let copy = try open(path)
            #expect(copy.entries.map(\.name) == file.entries.map(\.name))
            for (left, right) in zip(copy.entries, file.entries) {
                #expect(try left.tensor() == right.tensor())
            }
            var metadata = file.metadata
            metadata["format"] = metadata["format"] ?? "pt"
            #expect(copy.metadata == metadata)
            // The buffers, which the order of the tensors decides.
            let (old, new) = try (InputFile.map(source), InputFile.map(path))
            let (oldStart, newStart) = try (
                #require(file.metadataByteCount), #require(copy.metadataByteCount)
            )
            #expect(newStart % 64 == 0)
            #expect(old.bytes[oldStart...].elementsEqual(new.bytes[newStart...]))
            #expect(old.count > 0 && new.count > 0)
        }
    }

    @Test func otherMetadataBecomeText() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x.safetensors").path
            let metadata: [String: JSON] = [
                "format": "tf", "epoch": 3, "graph": ["layers": ["a", "b"]],
            ]
            try SafetensorsFile.write(WeightContent(entries: [], metadata: metadata), to: path)
            #expect(
                try open(path).metadata == [
                    "format": "tf", "epoch": "3", "graph": #"{"layers":["a","b"]}"#,
                ])
        }
    }

    @Test func longTextsWithEscapesAreKept() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x.safetensors").path
            let text = String(repeating: #"{"a":"\"},"#, count: 600_000)
            try SafetensorsFile.write(
                WeightContent(entries: [], metadata: ["graph": .string(text)]), to: path)
            #expect(try open(path).metadata["graph"] == .string(text))
        }
    }

    @Test func whatTheFormatCannotHoldIsRefused() throws {
        let one = Tensor([1], shape: [1])
        let unread = WeightEntry(
            unread: "q", typeName: "Q4_K", shape: [2], byteCount: 1, reason: "it is quantised",
            subject: "y")
        let contents: [[WeightEntry]] = [
            [WeightEntry(name: "__metadata__", tensor: one)], [unread],
            [WeightEntry(name: "a", tensor: one), WeightEntry(name: "a", tensor: one)],
            [
                WeightEntry(name: "a", elementType: .f32, shape: [2]) {
                    () throws(InterchangeError) in one
                }
            ],
        ]
        try withTemporaryDirectory { folder in
            for entries in contents {
                let path = folder.appendingPathComponent("x.safetensors").path
                #expect(throws: InterchangeError.self) {
                    try SafetensorsFile.write(WeightContent(entries: entries), to: path)
                }
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(left.isEmpty)
        }
    }
}
