// SPDX-License-Identifier: Apache-2.0

/// How Keras turns names of classes into names of groups (`keras/src/utils/naming.py`,
/// `to_snake_case`): `Conv2DTranspose` to `conv2d_transpose`, `ReLU` to `re_lu`.
enum KerasNaming {
    static func snakeCase(_ className: String) -> String {
        let letters = Array(className.unicodeScalars.filter { isWord($0) })
        // "([a-z])([A-Z])": between a small letter and a capital.
        var result: [Unicode.Scalar] = []
        for scalar in splitBeforeWords(letters) {
            if let last = result.last, isLower(last), isUpper(scalar) { result.append("_") }
            result.append(scalar)
        }
        return String(String.UnicodeScalarView(result)).lowercased()
    }

    /// "(.)([A-Z][a-z]+)": before a capital that small letters follow, unless it comes first.
    private static func splitBeforeWords(_ letters: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var index = 0
        while index < letters.count {
            result.append(letters[index])
            index += 1
            // The expression eats the character before, so matches never share one.
            guard index + 1 < letters.count, isUpper(letters[index]), isLower(letters[index + 1])
            else { continue }
            result += ["_", letters[index]]
            index += 1
            while index < letters.count, isLower(letters[index]) {
                result.append(letters[index])
                index += 1
            }
        }
        return result
    }

    private static func isUpper(_ scalar: Unicode.Scalar) -> Bool { ("A"..."Z").contains(scalar) }
    private static func isLower(_ scalar: Unicode.Scalar) -> Bool { ("a"..."z").contains(scalar) }
    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }

    /// A group's name without its counter: `conv2d` of `conv2d_12`.
    static func withoutCounter(_ name: String) -> String {
        guard let underscore = name.lastIndex(of: "_") else { return name }
        let digits = name[name.index(after: underscore)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            return name
        }
        return String(name[..<underscore])
    }

    /// A name where there may be one already: `dense`, `dense_1`, `dense_2`.
    struct Counter {
        private var counts: [String: Int] = [:]

        mutating func unique(_ name: String) -> String {
            guard let count = counts[name] else {
                counts[name] = 0
                return name
            }
            counts[name] = count + 1
            return "\(name)_\(count + 1)"
        }
    }
}
