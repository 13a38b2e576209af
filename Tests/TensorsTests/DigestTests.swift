// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Tensors

struct DigestTests {
    let expected: JSON

    init() throws {
        expected = try JSON(
            parsing: String(contentsOfFile: fixture("tensors/expected.json"), encoding: .utf8))
    }

    @Test func tensorDigestsEqualHashlibs() throws {
        let digests = try #require(expected["digests"]?.objectValue)
        #expect(digests.count == 7)
        for (text, digest) in digests {
            let dimensions = text.split(separator: ",").compactMap { Int($0) }
            let shape = try Shape(dimensions)
            let values = (0..<shape.elementCount).map { Float(Double($0) * 0.25 - 3) }
            #expect(
                Tensor(values, shape: shape).digest().hexadecimal == digest.stringValue, "\(shape)")
        }
    }

    @Test func digestCoversTypeAndShape() throws {
        let bytes = Tensor(trusted: .u8, shape: [5], values: [UInt8]([1, 2, 3, 4, 5]))
        #expect(bytes.digest().hexadecimal == expected["u8_digest"]?.stringValue)
        let signed = Tensor(trusted: .i8, shape: [5], values: [Int8]([1, 2, 3, 4, 5]))
        #expect(signed.digest() != bytes.digest())
        #expect(try bytes.reshaped(to: [5, 1]).digest() != bytes.digest())
    }

    @Test func aViewHasTheDigestOfItsBytes() throws {
        let whole = Tensor((0..<12).map(Float.init), shape: [4, 3])
        let rows = Tensor((3..<9).map(Float.init), shape: [2, 3])
        #expect(try whole.rows(1..<3).digest() == rows.digest())
        #expect(try whole.rows(1..<3) == rows)
    }

    @Test func hexadecimalTextReadsBack() throws {
        let digest = Digest(hashing: Array("abc".utf8))
        // FIPS 180-2, appendix B.1.
        #expect(
            digest.hexadecimal == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
        #expect(try Digest(hexadecimal: digest.hexadecimal) == digest)
        #expect(throws: TensorError.self) { try Digest(hexadecimal: "ba78") }
        #expect(throws: TensorError.self) {
            try Digest(hexadecimal: String(repeating: "G", count: 64))
        }
    }
}
