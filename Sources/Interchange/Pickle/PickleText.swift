// SPDX-License-Identifier: Apache-2.0

/// Values of a pickle as short text for sentences.
enum PickleText {
    /// The text with everything escaped that moves a cursor, changes a terminal or turns the
    /// direction of writing, and cut after `limit` characters.
    static func escaped(_ text: String, limit: Int = 120) -> String {
        var output = ""
        for (count, scalar) in text.unicodeScalars.enumerated() {
            if count == limit { return output + "..." }
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
                .paragraphSeparator, .nonspacingMark, .enclosingMark:
                output += "\\u{" + String(scalar.value, radix: 16) + "}"
            default:
                if scalar == "'" || scalar == "\\" { output += "\\" }
                output.unicodeScalars.append(scalar)
            }
        }
        return output
    }
}

extension PickleGraph {
    /// What stands in the parentheses of a call.
    func argumentSummary(_ arguments: PickleValue) -> String {
        guard tuple(arguments) != nil else { return "(*" + summary(arguments) + ")" }
        return "(" + list(arguments, depth: 2) + ")"
    }

    /// The value as Python would write it, shortened.
    func summary(_ value: PickleValue, depth: Int = 2) -> String {
        switch self[value] {
        case .none: return "None"
        case .bool(let flag): return flag ? "True" : "False"
        case .integer(let integer): return String(integer)
        case .bigInteger(let slice): return "an integer of \(slice.count) bytes"
        case .float(let number): return "\(number)"
        case .string(let slice):
            return "'" + PickleText.escaped(text(slice, limit: 512), limit: 80) + "'"
        case .bytes(let slice): return "\(slice.count) bytes"
        case .tuple: return depth == 0 ? "(...)" : "(" + list(value, depth: depth) + ")"
        case .list: return depth == 0 ? "[...]" : "[" + list(value, depth: depth) + "]"
        case .set: return depth == 0 ? "{...}" : "{" + list(value, depth: depth) + "}"
        case .dictionary: return "{...}"
        case .global: return global(value)?.name.shown ?? ""
        case .persistent: return "a reference to storage"
        case .record:
            guard depth > 0, let record = record(value) else { return "..." }
            return summary(record.callable, depth: depth - 1)
                + (depth == 1 ? "(...)" : "(" + list(record.arguments, depth: depth - 1) + ")")
        }
    }

    private func list(_ value: PickleValue, depth: Int) -> String {
        let items = items(value)
        let shown = items.prefix(4).map { summary($0, depth: depth - 1) }
        return shown.joined(separator: ", ") + (items.count > 4 ? ", ..." : "")
    }
}
