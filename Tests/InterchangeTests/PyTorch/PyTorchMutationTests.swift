// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

/// Changed bytes may be refused or read as other values; they may never crash or hang.
@Suite struct PyTorchMutationTests {
    private func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: fixture("pytorch/" + name))))
    }

    private func region(_ bytes: [UInt8]) -> ByteRegion {
        bytes.withUnsafeBytes { ByteRegion(copying: $0) }
    }

    /// Whether all of it can be read.
    private func reads(_ region: ByteRegion, _ codec: any WeightCodec.Type) -> Bool {
        _ = codec.problems(region, path: "file", full: true)
        do throws(InterchangeError) {
            let file = try codec.open(region, path: "file")
            for entry in file.entries where entry.elementType != nil {
                guard entry.byteCount < 1 << 20 else { continue }
                _ = try entry.tensor()
            }
            return true
        } catch {
            #expect(error.description.hasPrefix("file: "))
            return false
        }
    }

    @Test func everyTruncationOfAnArchiveIsRefused() throws {
        let whole = try bytes("tensor.pt")
        for count in 0..<whole.count {
            #expect(!reads(region(Array(whole[..<count])), PyTorchFile.self), "\(count)")
        }
        #expect(reads(region(whole), PyTorchFile.self))
    }

    @Test func everyTruncationOfAnOldFileIsRefused() throws {
        let whole = try bytes("checkpoint-legacy.pt")
        for count in 0..<whole.count {
            #expect(!reads(region(Array(whole[..<count])), PyTorchLegacyFile.self), "\(count)")
        }
        #expect(reads(region(whole), PyTorchLegacyFile.self))
    }

    @Test func everyTruncationOfAPickleIsRefused() throws {
        for name in ["checkpoint.pt", "checkpoint-protocol5.pt", "module.pt", "numpy.pt"] {
            let pickle = try pickle(name)
            for count in 0..<pickle.count {
                var machine = PickleMachine(
                    region(Array(pickle[..<count])), path: "file", object: "pickle")
                #expect(throws: InterchangeError.self, "\(name) \(count)") {
                    try machine.run()
                }
            }
        }
    }

    @Test(arguments: [
        "checkpoint.pt", "checkpoint-protocol5.pt", "module.pt", "numpy.pt", "strides.pt",
        "listed.pt",
    ])
    func changedPicklesNeverCrash(name: String) throws {
        let whole = try bytes(name)
        let range = try pickleRange(name)
        var random = RandomStream(seed: 11, purpose: .test)
        var refused = 0
        for _ in 0..<1_500 {
            var bytes = whole
            for _ in 0..<(1 + random.integer(below: 4)) {
                let position = range.lowerBound + random.integer(below: range.count)
                bytes[position] =
                    random.integer(below: 2) == 0
                    ? UInt8(truncatingIfNeeded: random.next())
                    : whole[range.lowerBound + random.integer(below: range.count)]
            }
            if !reads(region(bytes), PyTorchFile.self) { refused += 1 }
        }
        #expect(refused > 0 && refused < 1_500)
    }

    @Test(arguments: ["checkpoint-legacy.pt", "strides-legacy.pt"])
    func changedOldFilesNeverCrash(name: String) throws {
        let whole = try bytes(name)
        var random = RandomStream(seed: 12, purpose: .test)
        var refused = 0
        for _ in 0..<1_500 {
            var bytes = whole
            for _ in 0..<(1 + random.integer(below: 3)) {
                bytes[random.integer(below: bytes.count)] = UInt8(
                    truncatingIfNeeded: random.next())
            }
            if !reads(region(bytes), PyTorchLegacyFile.self) { refused += 1 }
        }
        #expect(refused > 0 && refused < 1_500)
    }

    /// Programs of nothing but opcodes and small operands: whatever they do, they end.
    @Test func randomProgramsEnd() throws {
        let opcodes = (UInt8.min...UInt8.max).filter { PickleOpcode(rawValue: $0) != nil }
        var random = RandomStream(seed: 13, purpose: .test)
        var sound = 0
        for _ in 0..<20_000 {
            var program: [UInt8] = [0x80, 4]
            for _ in 0..<(1 + random.integer(below: 30)) {
                switch random.integer(below: 8) {
                case 0: program += [UInt8(random.integer(below: 4))]
                case 1: program += Array("a\n".utf8)
                case 2: program += [0x4E, 0x4E, 0x28]
                default: program.append(opcodes[random.integer(below: opcodes.count)])
                }
            }
            program.append(0x2E)
            var machine = PickleMachine(region(program), path: "file", object: "pickle")
            guard let pickle = try? machine.run() else { continue }
            sound += 1
            _ = pickle.calls
            _ = pickle.graph.summary(pickle.root)
            _ = try? TorchContents(pickle, path: "file", object: "pickle")
        }
        #expect(sound > 0)
    }

    private func pickleRange(_ name: String) throws -> Range<Int> {
        let path = fixture("pytorch/" + name)
        let zip = try ZipArchive(ByteRegion(mappingFile: path), path: path)
        return try #require(zip.members.first { $0.name.hasSuffix("/data.pkl") }).range
    }

    private func pickle(_ name: String) throws -> [UInt8] {
        try Array(bytes(name)[pickleRange(name)])
    }
}
