// SPDX-License-Identifier: Apache-2.0

import Checkpoints

/// An object of a store as people name it: `teacher`, or `checkpoints/teacher` where a set or
/// soft labels share the name.
struct ObjectReference {
    let kind: ObjectKind
    let name: String

    /// - Throws: ``Failure`` when nothing has the name, or several kinds do.
    init(_ text: String, in entries: [StoreEntry], file: String) throws {
        let trimmed = text.hasPrefix("/") ? String(text.dropFirst()) : text
        let matches = entries.filter {
            $0.name.description == trimmed || $0.path == "/" + trimmed
        }
        guard let match = matches.first else {
            let names = entries.map { String($0.path.dropFirst()) }
            throw Failure(
                "\(file): has no object '\(text)'; found "
                    + (names.isEmpty ? "none at all" : names.joined(separator: ", ")))
        }
        guard matches.count == 1 else {
            let paths = matches.map { String($0.path.dropFirst()) }.joined(separator: " or ")
            throw Failure("\(file): '\(text)' is several objects, expected \(paths)")
        }
        kind = match.kind
        name = match.name.description
    }
}
