// SPDX-License-Identifier: Apache-2.0

import Interchange
import Reporting
import Tensors

/// An inspection as text for people.
struct InspectionText {
    let inspection: Inspection
    let request: MeasureRequest

    func text() throws -> String {
        switch inspection {
        case .tree(let tree): try text(tree)
        case .weights(let weights): try text(weights)
        }
    }

    /// Names come from strangers and lines may be long: escaped and cut.
    static func clipped(_ text: String, to limit: Int = 200) -> String {
        text.count > limit ? text.prefix(limit) + "... (\(text.count) characters)" : text
    }

    static func oneLine(_ value: JSON) -> String {
        clipped(printable(value.stringValue ?? value.text()))
    }
}

/// Names and texts come from files: control characters and marks that turn the writing direction
/// are shown, never sent to a terminal.
func printable(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 < 0x20 || $0 > 0x7E }) else { return text }
    return text.unicodeScalars.map { scalar in
        switch (scalar.properties.generalCategory, scalar.value) {
        case (.control, _), (.lineSeparator, _), (.paragraphSeparator, _),
            (_, 0x202A...0x202E), (_, 0x2066...0x2069), (_, 0xFEFF):
            "\\u{\(String(scalar.value, radix: 16))}"
        default: String(scalar)
        }
    }.joined()
}
