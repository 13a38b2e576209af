// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Tensors

struct JSONTests {
    @Test func textIsCanonical() throws {
        let value = try JSON(
            parsing: #" {"b":[1, 2.5, -3e2, true, null], "a":{"ü\n":"\u00e9\ud83d\ude00\/"}} "#)
        #expect(value.description == #"{"a":{"ü\n":"é😀/"},"b":[1,2.5,-300.0,true,null]}"#)
        #expect(try JSON(parsing: value.description) == value)
        #expect(try JSON(parsing: value.text(pretty: true)) == value)
        #expect(JSON.float(0.1).description == "0.1")
        #expect(JSON.number(.nan).description == "null")
    }

    @Test func foundationReadsWhatWeWrite() throws {
        let value: JSON = ["control": "\u{1}\u{1F}\"\\", "numbers": [1e-7, 12345678901234, -0.5]]
        let read = try JSONSerialization.jsonObject(with: Data(value.text(pretty: true).utf8))
        let object = try #require(read as? [String: Any])
        #expect(object["control"] as? String == "\u{1}\u{1F}\"\\")
        #expect(object["numbers"] as? [Double] == [1e-7, 12345678901234, -0.5])
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":2}", "01", "1.", "-",
        ".5",
        "1e", "tru", "nulll", "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"",
        "\"\u{1}\"", "[1] 2", "1e999", "NaN", "'a'", "{a:1}", "[1 2]", "\u{FEFF}1",
    ])
    func malformedTextIsRefused(_ text: String) {
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }

    @Test func nestingAndEncodingAreBounded() {
        let deep = String(repeating: "[", count: 200_000)
        #expect(throws: JSONError.self) { try JSON(parsing: deep) }
        let invalid: [UInt8] = [0x22, 0xC3, 0x28, 0x22]
        #expect(throws: JSONError.self) { try invalid.withUnsafeBytes { try JSON(parsing: $0) } }
    }

    @Test func integersKeepAll64Bits() throws {
        let text = "[9223372036854775807,-9223372036854775808]"
        #expect(try JSON(parsing: text).description == text)
        #expect(try JSON(parsing: "9223372036854775808").doubleValue == 0x1p63)
    }
}
