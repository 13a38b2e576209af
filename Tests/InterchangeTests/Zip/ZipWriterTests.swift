// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

@Suite struct ZipWriterTests {
    private func write(
        _ path: String, threshold: UInt64 = 0xFFFF_FFFF,
        members: [(name: String, alignment: Int, bytes: [UInt8])]
    ) throws {
        try ZipWriter.write(to: path, zip64Threshold: threshold) {
            (archive) throws(InterchangeError) in
            for (name, alignment, bytes) in members {
                try archive.add(name, alignment: alignment, bytes: bytes)
            }
        }
    }

    static let members: [(name: String, alignment: Int, bytes: [UInt8])] = [
        ("plain", 1, Array("some text".utf8)), ("folder/aligned", 64, [1, 2, 3]),
        ("größe", 4096, Array(repeating: 7, count: 1000)), ("empty", 64, []),
        ("W.npy", 2, [1]), ("w.npy", 2, [2]),
    ]

    @Test(arguments: [0xFFFF_FFFF, 1, 0] as [UInt64])
    func whatIsWrittenIsReadBackAndAligned(threshold: UInt64) throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x.zip").path
            try write(path, threshold: threshold, members: Self.members)
            let archive = try ZipArchive(InputFile.map(path), path: path)
            #expect(archive.members.map(\.name) == Self.members.map(\.name))
            for (member, (_, alignment, bytes)) in zip(archive.members, Self.members) {
                #expect(Array(try archive.contents(of: member).bytes) == bytes)
                #expect(member.range.lowerBound % alignment == 0)
            }
            #expect(ZipArchive.problems(archive.region, path: path, full: true).isEmpty)
        }
    }

    @Test func equalMembersGiveEqualBytes() throws {
        try withTemporaryDirectory { folder in
            let paths = ["a", "b"].map { folder.appendingPathComponent($0).path }
            for path in paths { try write(path, members: Self.members) }
            #expect(
                FileManager.default.contents(atPath: paths[0])
                    == FileManager.default.contents(atPath: paths[1]))
        }
    }

    @Test func aMemberOfSeveralPartsIsTheirConcatenation() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x.zip").path
            let (head, tail) = ([1, 2, 3] as [UInt8], [4, 5] as [UInt8])
            try head.withUnsafeBytes { head in
                try tail.withUnsafeBytes { tail in
                    try ZipWriter.write(to: path) { (archive) throws(InterchangeError) in
                        try archive.add("x", alignment: 64, [head, tail])
                    }
                }
            }
            let archive = try ZipArchive(InputFile.map(path), path: path)
            let member = try #require(archive["x"])
            #expect(Array(try archive.contents(of: member).bytes) == [1, 2, 3, 4, 5])
            #expect(try archive.hasSoundChecksum(member))
        }
    }

    @Test(arguments: ["../x", "/x", "a\\b", "", "a\0b", "plain", "PLAIN"])
    func namesThatWouldBeRefusedAreNotWritten(name: String) throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x.zip").path
            #expect(throws: InterchangeError.self) {
                try write(path, members: [("plain", 1, []), (name, 1, [])])
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(left.isEmpty)
        }
    }

    @Test func moreMembersThanSixteenBitsCount() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x.zip").path
            try write(path, members: (0..<65_600).map { ("\($0)", 1, []) })
            let archive = try ZipArchive(InputFile.map(path), path: path)
            #expect(archive.members.count == 65_600)
            #expect(archive["65599"] != nil)
        }
    }
}
