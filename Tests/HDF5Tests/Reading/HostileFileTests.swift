// SPDX-License-Identifier: Apache-2.0

import Foundation
@testable import HDF5
import Tensors
import TestSupport
import Testing

/// Files made to harm their readers: refused with a reason, at once and within little memory.
struct HostileFileTests {
    struct Attack: CustomTestStringConvertible {
        let file: String
        let kind: HDF5Error.Kind
        let reason: String
        var testDescription: String { file }

        init(_ file: String, _ kind: HDF5Error.Kind, _ reason: String) {
            self.file = file
            self.kind = kind
            self.reason = reason
        }
    }

    static let attacks = [
        Attack("shape-bomb", .limit, "only 0 are stored"),
        Attack("late-bomb", .limit, "only 0 are stored"),
        Attack("sparse-bomb", .limit, "only 1 are stored"),
        Attack("inflate-bomb", .damaged, "does not inflate to the 4096 bytes"),
        Attack("stacked-deflate", .unsupported, "deflate 9 twice"),
        Attack("cycle-root-old", .unsupported, "cycle"),
        Attack("cycle-root-v108", .unsupported, "cycle"),
        Attack("cycle-old", .unsupported, "cycle"),
        Attack("cycle-v108", .unsupported, "cycle"),
        Attack("deep", .limit, "nested more than 64 deep"),
        Attack("doubling", .limit, "paths"),
        Attack("external-storage", .unsupported, "external storage"),
        Attack("virtual", .unsupported, "virtual dataset"),
        Attack("unknown-filter", .unsupported, "filter 32000 (lzf)"),
        Attack("scale-offset", .unsupported, "filter 6"),
        Attack("user-block", .unsupported, "user block of 512 bytes"),
        Attack("reference", .mismatch, "object reference"),
        Attack("bad-checksum", .damaged, "fletcher32"),
        Attack("short-chunk", .damaged, "does not inflate"),
        Attack("shared-value", .damaged, "larger than the file"),
        Attack("head-only", .damaged, "ends before"),
        Attack("not-hdf5", .notHDF5, "not an HDF5 file"),
        Attack("empty", .notHDF5, "not an HDF5 file"),
    ]

    @Test(arguments: attacks)
    func attackIsRefusedByName(attack: Attack) throws {
        let path = fixture("hdf5/hostile/\(attack.file).h5")
        let error: HDF5Error?
        do throws(HDF5Error) {
            error = consume(try HDF5File(path: path))
        } catch let refusal {
            error = refusal
            #expect(refusal.file == path)
        }
        #expect(error?.kind == attack.kind)
        #expect(error?.reason.contains(attack.reason) == true, "\(error as Any)")
    }

    @Test(arguments: ["external-link", "soft-loop"])
    func linksAreListedAndNeverFollowed(name: String) throws {
        let file = try HDF5File(path: fixture("hdf5/hostile/\(name).h5"))
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
