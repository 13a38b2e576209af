// SPDX-License-Identifier: Apache-2.0

import Foundation
import Interchange
import Tensors
import TestSupport
import Testing

@Suite struct IDXTests {
    @Test func everyElementTypeIsReadBigEndian() throws {
        #expect(try IDX.read(fixture("idx/i8.idx")).integers() == [-2, -1, 0, 1])
        let words = try IDX.read(fixture("idx/i16.idx"))
        #expect(words.shape == [2, 2])
        #expect(try words.integers() == [-300, -1, 0, 300])
        #expect(try IDX.read(fixture("idx/i32.idx")).integers() == [-70000, -1, 0, 70000])
        #expect(try IDX.read(fixture("idx/f32.idx")).floats() == [-1.5, 0, 0.25, 1e30])
        #expect(try IDX.read(fixture("idx/f64.idx")).floats() == [-1.5, 0, 0.25, .infinity])
    }

    @Test func bytesOfAPlainFileAreAView() throws {
        let path = fixture("idx/mnist/t10k-images-idx3-ubyte")
        let tensor = try IDX.read(path)
        #expect(tensor.isMapped)
        #expect(try tensor.integers() == Array(0..<24))
    }

    @Test func gzipHeadersWithEveryFieldAreRead() throws {
        let plain = try IDX.read(fixture("idx/mnist/t10k-images-idx3-ubyte"))
        #expect(try IDX.read(fixture("idx/every-field.gz")) == plain)
    }

    @Test(arguments: [
        ("trailing.gz", "4 bytes after the gzip data"),
        ("two-members.gz", "bytes after the gzip data"),
        ("checksum.gz", "checksum"),
        ("longer.gz", "more than the 88 bytes"),
        ("shorter.gz", "87 bytes"),
        ("cut.gz", "damaged or cut short"),
        ("bomb.gz", "cannot hold"),
        ("overflow.idx", "more elements than fit"),
        ("trailing.idx", "found 89 bytes, expected 88"),
        ("short.idx", "found 87 bytes, expected 88"),
        ("type.idx", "type code 10"),
        ("rank.idx", "9 dimensions"),
        ("magic.idx", "two zero bytes"),
    ])
    func damagedAndHostileFilesAreRefusedWithTheReason(name: String, reason: String) {
        let path = fixture("idx/refused-" + name)
        let error = #expect(throws: InterchangeError.self) { try IDX.read(path) }
        #expect(error?.description.hasPrefix(path + ": ") == true)
        #expect(error?.problem.contains(reason) == true, "\(error?.description ?? "no error")")
    }

    @Test func aMissingFileIsNamed() {
        let error = #expect(throws: InterchangeError.self) { try IDX.read("/nowhere/x.idx") }
        #expect(error?.kind == .unreadable)
        #expect(
            error?.description == "/nowhere/x.idx: cannot open: No such file or directory")
    }
}
