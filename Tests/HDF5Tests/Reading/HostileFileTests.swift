// SPDX-License-Identifier: Apache-2.0

import Foundation
@testable import HDF5
import Tensors
import TestSupport
import Testing

/// Files made to harm their readers: refused with a reason, at once and within little memory.
struct HostileFileTests {
    /// What `expected.json` says of a file: how it is refused, or that its links are only listed.
    struct Attack: CustomTestStringConvertible, Sendable {
        let name: String
        let expected: JSON
        var testDescription: String { name }
        var path: String { fixture("hdf5/hostile/\(name).h5") }

        static func all(links: Bool) throws -> [Attack] {
            let path = fixture("hdf5/hostile/expected.json")
            let json = try JSON(parsing: String(contentsOfFile: path, encoding: .utf8))
            return try #require(json.objectValue).map { Attack(name: $0.key, expected: $0.value) }
                .filter { ($0.expected["links"] != nil) == links }
        }
    }

    @Test func everyFileOfTheCorpusIsJudged() throws {
        let folder = fixture("hdf5/hostile")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(".h5") }.map { String($0.dropLast(3)) }
        let judged = try Attack.all(links: false) + Attack.all(links: true)
        #expect(files.sorted() == judged.map(\.name).sorted())
        #expect(files.count > 100)
    }

    @Test(arguments: try Attack.all(links: false))
    func attackIsRefusedByName(attack: Attack) throws {
        let error: HDF5Error?
        do throws(HDF5Error) {
            error = consume(try HDF5File(path: attack.path))
        } catch let refusal {
            error = refusal
            #expect(refusal.file == attack.path)
        }
        let found = try #require(error, "accepted")
        #expect("\(found.kind)" == attack.expected["kind"]?.stringValue)
        #expect(found.object == attack.expected["object"]?.stringValue)
        #expect(found.reason.contains(attack.expected["reason"]?.stringValue ?? "?"), "\(found)")
    }

    @Test(arguments: try Attack.all(links: true))
    func linksAreListedAndNeverFollowed(attack: Attack) throws {
        let file = try HDF5File(path: attack.path)
        #expect(file.root.count > 0)
        for (_, object) in file.root.members {
            guard case .link = object else {
                Issue.record("a link was followed")
                continue
            }
        }
        #expect(throws: HDF5Error.self) { try file.requireWritable() }
    }

    @Test func everyFlippedBitOfCheckedMetadataIsNoticed() throws {
        let path = fixture("hdf5/ordered.h5")
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        let extents = try HDF5File(path: path).extents
        var flipped = 0
        for extent in extents where extent.checksumOffset != nil {
            // Padding after a checksum is not covered by it, and nobody reads it.
            let isBlock = bytes[extent.address..<(extent.address + 4)].elementsEqual("FHDB".utf8)
            let end = isBlock ? extent.count : (extent.checksumOffset ?? 0) + 4
            for offset in stride(from: extent.address % 3, to: end, by: 3) {
                var damaged = bytes
                damaged[extent.address + offset] ^= 1 << UInt8(offset % 8)
                let region = damaged.withUnsafeBytes { ByteRegion(copying: $0) }
                #expect(throws: HDF5Error.self) {
                    let file = try HDF5File(region: region, name: "damaged")
                    // Lists of free space matter to writers only.
                    try file.requireWritable()
                }
                flipped += 1
            }
        }
        #expect(flipped > 1_000)
    }
}
