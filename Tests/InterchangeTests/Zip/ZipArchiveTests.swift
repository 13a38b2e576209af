// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

@Suite struct ZipArchiveTests {
    struct Expected: Decodable, Sendable {
        let name: String
        let byteCount: Int
        let checksum: UInt32
        let isStored: Bool
        let first: [UInt8]
    }

    static let sound: [String: [Expected]] = {
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: fixture("zip/sound.json")))
            return try JSONDecoder().decode([String: [Expected]].self, from: data)
        } catch {
            preconditionFailure("\(error)")
        }
    }()

    static func region(_ name: String) throws -> ByteRegion {
        let region = try InputFile.map(fixture("zip/" + name))
        guard name.hasSuffix(".gz") else { return region }
        let member = try GzipMember(region, path: name)
        return try member.inflated(count: member.declaredByteCount)
    }

    @Test(arguments: sound.keys.sorted())
    func soundArchivesAreReadAsPythonReadsThem(name: String) throws {
        let archive = try ZipArchive(Self.region(name), path: name)
        let expected = try #require(Self.sound[name])
        #expect(archive.members.map(\.name) == expected.map(\.name))
        for (member, expected) in zip(archive.members, expected) {
            #expect(member.byteCount == expected.byteCount)
            #expect(member.checksum == expected.checksum)
            #expect(member.isStored == expected.isStored)
            let contents = try archive.contents(of: member)
            #expect(contents.isMapped == member.isStored)
            #expect(Array(contents.bytes.prefix(16)) == expected.first)
            #expect(try archive.prefix(of: member, 16) == expected.first)
            #expect(try archive.hasSoundChecksum(member))
            #expect(archive[member.name]?.range == member.range)
        }
        #expect(archive["no such member"] == nil)
        #expect(ZipArchive.problems(archive.region, path: name, full: true).isEmpty)
    }

    static let refused: [(String, String)] = [
        ("name-parent", "leaves its folder"), ("name-inner-parent", "leaves its folder"),
        ("name-absolute", "absolute path"), ("name-backslash", "backslash"),
        ("name-drive", "drive letter"), ("name-nul", "control character"),
        ("name-empty", "empty name"), ("name-not-utf8", "not UTF-8"),
        ("name-unmarked", "not marked as UTF-8"), ("name-second", "second name"),
        ("duplicate", "stands twice"), ("duplicate-case", "stands twice"),
        ("local-name", "another name, 'b'"), ("local-flags", "differ in flags"),
        ("local-method", "differ in the compression method"),
        ("local-size", "size of 3 bytes"), ("local-stored", "size of 3 bytes"),
        ("local-crc", "differ in the checksum"), ("local-zero", "differ in the checksum"),
        ("local-missing", "no local header"), ("descriptor", "data descriptor differs"),
        ("overlap", "another name"), ("nested", "overlap"), ("shared", "another name"),
        ("outside", "reach past"), ("start-outside", "no local header"),
        ("start-in-directory", "no local header"), ("prefix", "belong to no member"),
        ("gap", "the 6 bytes before it belong to no member"),
        ("trailing", "bytes after its end record"), ("two-ends", "two end records"),
        ("comment-end", "bytes after its end record"), ("count-high", "found 3 members"),
        ("count-low", "more than its 1 members"), ("count-bomb", "found 60000 members"),
        ("directory-size", "take 10 bytes"), ("directory-start", "bytes at 1"),
        ("volumes", "several volumes"), ("zip64-missing", "zip64 record that is not there"),
        ("zip64-differs", "the end record differ"), ("zip64-position", "right before its locator"),
        ("zip64-count", "4611686018427387904 members"), ("zip64-start", "central directory"),
        ("zip64-no-field", "zip64 field of 0 bytes"),
        ("zip64-unasked", "zip64 field of 8 bytes, expected 0"), ("zip64-size", "reach past"),
        ("zip64-local", "size of 1099511627776 bytes"), ("extra-cut", "cut short"),
        ("encrypted", "encrypted"), ("flags", "flags 0x20"), ("method", "compression method 12"),
        ("symlink", "symbolic link"), ("device", "not a regular file"),
        ("stored-size", "found 4 stored bytes"), ("ratio", "cannot hold the 2147483648 bytes"),
        ("ratio-64", "cannot hold"), ("bomb", "would decompress to 314572800 bytes"),
    ]

    @Test(arguments: refused)
    func hostileArchivesAreRefusedByName(name: String, words: String) throws {
        let file = "hostile/\(name).zip" + (name == "bomb" ? ".gz" : "")
        let region = try Self.region(file)
        let error = #expect(throws: InterchangeError.self) {
            try ZipArchive(region, path: file)
        }
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        let problems = ZipArchive.problems(region, path: file, full: true)
        #expect(problems.contains { $0.description.contains(words) }, "\(problems)")
    }

    @Test func everyHostileArchiveIsTested() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: fixture("zip/hostile"))
            .map { String($0.prefix { $0 != "." }) }
        #expect(Set(files) == Set(Self.refused.map(\.0)))
    }

    @Test func damagedMembersAreNamed() throws {
        let region = try Self.region("damaged-data.zip")
        let archive = try ZipArchive(region, path: "x")
        #expect(ZipArchive.problems(region, path: "x", full: false).isEmpty)
        let problems = ZipArchive.problems(region, path: "x", full: true)
        #expect(problems.map(\.object) == ["a", "b"])
        let (a, b) = try (#require(archive["a"]), #require(archive["b"]))
        #expect(try !archive.hasSoundChecksum(a))
        #expect(throws: InterchangeError.self) { try archive.contents(of: b) }
    }

    @Test func sizesThatTheDataDoNotHaveAreNamed() throws {
        let region = try Self.region("damaged-sizes.zip")
        let archive = try ZipArchive(region, path: "x")
        for member in archive.members {
            let error = #expect(throws: InterchangeError.self) {
                try archive.contents(of: member)
            }
            #expect(error?.description.contains("member '\(member.name)'") == true)
        }
        let problems = ZipArchive.problems(region, path: "x", full: true)
        #expect(problems.map(\.object) == ["longer", "shorter", "trailing"])
    }

    @Test func tooManyMembersAreRefused() throws {
        // A directory of empty headers, which are never looked at.
        let count = ZipDirectory.largestMemberCount + 1
        var bytes = [UInt8](repeating: 0, count: 46 * count)
        bytes += [0x50, 0x4B, 6, 6, 44] + [UInt8](repeating: 0, count: 19)
        for value in [count, count, 46 * count, 0] { bytes += little(value, 8) }
        bytes += [0x50, 0x4B, 6, 7, 0, 0, 0, 0] + little(46 * count, 8) + [1, 0, 0, 0]
        bytes += [0x50, 0x4B, 5, 6, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]
        bytes += little(46 * count, 4) + [0, 0, 0, 0, 0, 0]
        let region = bytes.withUnsafeBytes { ByteRegion(copying: $0) }
        let error = #expect(throws: InterchangeError.self) { try ZipArchive(region, path: "x") }
        #expect(error?.description.contains("found 100001 members") == true)
    }

    private func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    @Test(arguments: ["sound-plain.zip", "sound-zip64.zip", "sound-descriptors.zip"])
    func everyTruncationIsRefused(name: String) throws {
        let whole = try Self.region(name)
        for count in 0..<whole.count {
            let cut = ByteRegion(part: 0..<count, of: whole)
            #expect(throws: InterchangeError.self) { try ZipArchive(cut, path: name) }
        }
    }

    /// Changed bytes may be refused or read as something else; they may never crash or hang.
    @Test(arguments: [
        "sound-plain.zip", "sound-zip64.zip", "sound-descriptors.zip", "sound-torch.zip",
        "hostile/zip64-size.zip", "hostile/nested.zip",
    ])
    func changedArchivesNeverCrash(name: String) throws {
        let file = try Self.region(name)
        let whole = file.bytes.map { $0 }
        var random = RandomStream(seed: 11, purpose: .test)
        var refused = 0
        for _ in 0..<2_000 {
            var bytes = whole
            for _ in 0..<(1 + random.integer(below: 3)) {
                // The headers at either end are the interesting part.
                let near = random.integer(below: min(bytes.count, 400))
                let position = random.integer(below: 2) == 0 ? near : bytes.count - 1 - near
                switch random.integer(below: 4) {
                case 0: bytes[position] ^= 1 << UInt8(random.integer(below: 8))
                case 1: bytes[position] = [0, 0xFF, 0x7F, 0x80][random.integer(below: 4)]
                case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: position)
                default: bytes.remove(at: position)
                }
            }
            let region = bytes.withUnsafeBytes { ByteRegion(copying: $0) }
            let problems = ZipArchive.problems(region, path: name, full: true)
            do throws(InterchangeError) {
                let archive = try ZipArchive(region, path: name)
                for member in archive.members { _ = try archive.contents(of: member) }
            } catch {
                refused += 1
                #expect(!problems.isEmpty, "\(error)")
            }
        }
        #expect(refused > 1_000 && file.count == whole.count)
    }
}
