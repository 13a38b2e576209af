// SPDX-License-Identifier: Apache-2.0

import Foundation
@testable import HDF5
import Tensors
import TestSupport
import Testing

/// Files that h5py wrote, compared with what NumPy says is in them.
struct FixtureTests {
    @Test(arguments: [
        "default-values", "default-storage", "default-filters", "default-types",
        "v108-values", "v108-storage", "v108-filters", "v108-types",
        "v110-values", "v110-storage", "v110-filters", "v110-types", "latest-values",
        "latest-storage", "latest-filters", "latest-types", "indexes", "indexes-sparse",
        "many-old", "many-v108", "keras-weights", "keras-legacy", "ordered", "small", "small-old",
        "features", "features-latest", "user-block", "user-block-latest",
    ])
    func everyValueIsReadAsWritten(name: String) throws {
        let file = try HDF5File(path: fixture("hdf5/\(name).h5"))
        for (path, expected) in try Expected.objects(name) {
            let object = try #require(file.object(at: path), "\(path) is missing")
            try Expected.check(object, expected, path)
        }
    }

    @Test func membersAreSortedAndHardLinksAreSeen() throws {
        let file = try HDF5File(path: fixture("hdf5/v108-storage.h5"))
        #expect(file.root.names == ["links", "stored"])
        let first = try #require(file.object(at: "/links/shared/value")?.dataset)
        let second = try #require(file.object(at: "links/again/value")?.dataset)
        #expect(first.address == second.address)
        #expect(second.path == "/links/again/value")
    }

    @Test func whatIsNotReadHidesNothingElse() throws {
        // Opaque data of 9 axes stands for all that is not accepted of one object.
        let file = try HDF5File(path: fixture("hdf5/hostile/rank.h5"))
        #expect(file.root.names == ["sound", "x"])
        #expect(try file.object(at: "sound")?.dataset?.tensor().shape == [3])
        guard case .unread(let object)? = file.object(at: "x") else {
            Issue.record("nine axes were accepted")
            return
        }
        #expect(object.path == "/x")
        #expect(object.error.description.contains("rank.h5: /x: a dataspace has 9 axes"))
        #expect(throws: HDF5Error.self) { try file.requireWritable() }
    }

    @Test func linksThatLeadElsewhereAreListed() throws {
        let file = try HDF5File(path: fixture("hdf5/default-storage.h5"))
        let group = try #require(file.object(at: "links")?.group)
        let links = group.members.compactMap { member in
            if case .link(let link) = member.object { link } else { nil }
        }
        #expect(
            links == [
                HDF5Link(
                    path: "/links/external", kind: .external(file: "other.h5"), target: "/there"),
                HDF5Link(path: "/links/loop", kind: .soft, target: "/links/loop"),
                HDF5Link(path: "/links/soft", kind: .soft, target: "/links/shared"),
            ])
    }
}

/// What a fixture's JSON says, and how the reader's findings are held against it.
enum Expected {
    static func objects(_ name: String) throws -> [String: JSON] {
        let text = try String(contentsOfFile: fixture("hdf5/\(name).json"), encoding: .utf8)
        return try #require(try JSON(parsing: text)["objects"]?.objectValue)
    }

    static func check(_ object: HDF5Object, _ expected: JSON, _ path: String) throws {
        var attributes: [HDF5Attribute] = []
        switch (object, expected["kind"]?.stringValue) {
        case (.group(let group), "group"):
            attributes = group.attributes
            if let count = expected["count"]?.integerValue { #expect(group.count == count) }
        case (.dataset(let dataset), let kind):
            attributes = dataset.attributes
            try check(dataset, kind, expected, path)
        case (.datatype, "datatype"), (.link, "link"): break
        default: Issue.record("\(path) is not a \(expected["kind"]?.stringValue ?? "")")
        }
        for (name, expected) in expected["attributes"]?.objectValue ?? [:] {
            let attribute = try #require(attributes.first { $0.name == name }, "\(path) \(name)")
            #expect(attribute.shape.dimensions.map(JSON.integer) == expected["shape"]?.arrayValue)
            if let text = expected["text"]?.arrayValue {
                #expect(try attribute.strings().map(JSON.string) == text, "\(path) \(name)")
            }
            if expected["dtype"] != nil {
                check(try attribute.tensor(), expected, "\(path) \(name)")
            }
        }
    }

    private static func check(
        _ dataset: HDF5Dataset, _ kind: String?, _ expected: JSON, _ path: String
    ) throws {
        switch kind {
        case "numbers":
            let tensor = try dataset.tensor()
            check(tensor, expected, path)
            if case .contiguous(.some) = dataset.layout, !dataset.datatype.isBigEndian,
                dataset.elementType != nil
            {
                #expect(tensor.isMapped, "\(path) was copied")
            }
            try checkRows(dataset, tensor, path)
        case "text":
            #expect(
                try dataset.strings().map(JSON.string) == expected["text"]?.arrayValue, "\(path)")
        case "sequences":
            let sequences = try dataset.sequences()
            let expected = try #require(expected["values"]?.arrayValue)
            #expect(sequences.count == expected.count, "\(path)")
            for (found, expected) in zip(sequences, expected) { check(found, expected, path) }
        case "null": #expect(dataset.isNull)
        case "records":
            for (name, expected) in expected["members"]?.objectValue ?? [:] {
                var records = try dataset.records()
                var parts = name.split(separator: "/").map(String.init)
                let last = parts.removeLast()
                for part in parts { records = try records.records(part) }
                if let text = expected["text"]?.arrayValue {
                    #expect(try records.strings(last).map(JSON.string) == text)
                } else {
                    check(try records.tensor(last), expected, "\(path) \(name)")
                }
            }
        case "refused":
            let error = #expect(throws: HDF5Error.self) { try dataset.tensor() }
            #expect(error?.object == path)
            #expect(error?.reason.contains(expected["reason"]?.stringValue ?? "?") == true)
        default: Issue.record("\(path) should be \(kind ?? "")")
        }
    }

    /// Any range of rows must equal those rows of the whole.
    private static func checkRows(_ dataset: HDF5Dataset, _ whole: Tensor, _ path: String) throws {
        guard dataset.shape.rank > 0, dataset.shape[0] > 0 else { return }
        let count = dataset.shape[0]
        for range in [0..<1, count / 3..<count, count / 2..<count / 2, 1..<max(1, count - 1)] {
            #expect(try dataset.tensor(rows: range) == whole.rows(range), "\(path) \(range)")
        }
    }

    private static func check(_ tensor: Tensor, _ expected: JSON, _ path: String) {
        #expect(tensor.elementType.rawValue == expected["dtype"]?.stringValue, "\(path)")
        #expect(
            tensor.shape.dimensions.map(JSON.integer) == expected["shape"]?.arrayValue, "\(path)")
        tensor.withUnsafeBytes { bytes in
            if let hex = expected["hex"]?.stringValue {
                let found = bytes.map { byte in
                    let text = String(byte, radix: 16)
                    return text.count == 1 ? "0" + text : text
                }.joined()
                #expect(found == hex, "\(path)")
            } else {
                #expect(crc32(bytes) == expected["crc32"]?.integerValue, "\(path)")
            }
        }
    }

    private static func crc32(_ bytes: UnsafeRawBufferPointer) -> Int {
        var sum: UInt32 = .max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return Int(~sum)
    }
}
