// SPDX-License-Identifier: Apache-2.0

extension JSON: CustomStringConvertible {
    /// Compact text with sorted keys. Infinities and NaN, which JSON lacks, are written as null.
    public var description: String { text() }

    /// - Parameter pretty: one member or element a line, two spaces an indent.
    public func text(pretty: Bool = false) -> String {
        var output: [UInt8] = []
        write(to: &output, indent: pretty ? 0 : nil)
        return String(decoding: output, as: UTF8.self)
    }

    private func write(to output: inout [UInt8], indent: Int?) {
        switch self {
        case .null: output += "null".utf8
        case .bool(let value): output += (value ? "true" : "false").utf8
        case .integer(let value): output += String(value).utf8
        case .number(let value): output += (value.isFinite ? "\(value)" : "null").utf8
        case .string(let value): Self.write(value, to: &output)
        case .array(let elements):
            Self.writeList(elements, brackets: "[]", to: &output, indent: indent) {
                $0.write(to: &$1, indent: $2)
            }
        case .object(let members):
            let sorted = members.sorted { $0.key < $1.key }
            Self.writeList(sorted, brackets: "{}", to: &output, indent: indent) {
                Self.write($0.key, to: &$1)
                $1 += ($2 == nil ? ":" : ": ").utf8
                $0.value.write(to: &$1, indent: $2)
            }
        }
    }

    private static func writeList<Element>(
        _ elements: [Element], brackets: String, to output: inout [UInt8], indent: Int?,
        element write: (Element, inout [UInt8], Int?) -> Void
    ) {
        output.append(brackets.utf8.first!)
        let inner = indent.map { $0 + 2 }
        for (position, element) in elements.enumerated() {
            if position > 0 { output.append(UInt8(ascii: ",")) }
            if let inner { output += ("\n" + String(repeating: " ", count: inner)).utf8 }
            write(element, &output, inner)
        }
        if let indent, !elements.isEmpty {
            output += ("\n" + String(repeating: " ", count: indent)).utf8
        }
        output.append(brackets.utf8.last!)
    }

    private static func write(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): output += #"\""#.utf8
            case UInt8(ascii: "\\"): output += #"\\"#.utf8
            case 0x0A: output += #"\n"#.utf8
            case 0x0D: output += #"\r"#.utf8
            case 0x09: output += #"\t"#.utf8
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                output += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
