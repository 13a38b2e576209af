// SPDX-License-Identifier: Apache-2.0

/// Names in a store for tensors of any names, and the way back.
///
/// A store's names are paths whose components `docs/store-format.md` restricts, and none may be a
/// folder of another. What that bends is remembered, so that no name is ever lost.
public struct StoredNames: Sendable {
    /// For each given name, in order; unique, none a folder of another.
    public private(set) var names: [String] = []
    /// The given name of each stored one that ``original(of:spelling:)`` does not give back.
    public private(set) var originals: [String: String] = [:]

    private var taken: Set<String> = []
    private var folders: Set<String> = []
    private var nextNumbers: [String: Int] = [:]

    /// - Parameters:
    ///   - given: names of one file, in its order.
    ///   - spelling: how that file spells them.
    ///   - reserved: stored names that are taken already.
    public init(_ given: [String], spelling: NameSpelling, reserved: [String] = []) {
        for name in reserved { take(name) }
        for original in given {
            let name = free(for: original, spelling)
            take(name)
            names.append(name)
            // By bytes: `==` takes different spellings of one letter for equal.
            if !Self.original(of: name, spelling: spelling).utf8.elementsEqual(original.utf8) {
                originals[name] = original
            }
        }
    }

    /// The name that a stored one had in a file of this spelling, by rule.
    public static func original(of name: String, spelling: NameSpelling) -> String {
        spelling == .dotted ? TensorNaming.dotted(fromStored: name) : name
    }

    private mutating func free(for original: String, _ spelling: NameSpelling) -> String {
        let ruled = spelling == .dotted ? TensorNaming.stored(fromDotted: original) : original
        let plain = Self.sanitised(original)
        for candidate in [ruled, original, plain]
        where Self.isValid(candidate) && isFree(candidate) {
            return candidate
        }
        // Numbers go on where they stopped, so that a million equal names cost a million steps.
        var number = nextNumbers[plain] ?? 2
        while !isFree("\(plain).\(number)") { number += 1 }
        nextNumbers[plain] = number + 1
        return "\(plain).\(number)"
    }

    private mutating func take(_ name: String) {
        taken.insert(name)
        for folder in Self.folders(of: name) { folders.insert(folder) }
    }

    private func isFree(_ name: String) -> Bool {
        !taken.contains(name) && !folders.contains(name)
            && Self.folders(of: name).allSatisfy { !taken.contains($0) }
    }

    private static func folders(of name: String) -> [String] {
        name.indices.filter { name[$0] == "/" }.map { String(name[..<$0]) }
    }

    /// The limits of a manifest record and of HDF5 paths.
    private static let maximumByteCount = 1024
    private static let maximumDepth = 16

    private static func isValid(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return name.utf8.count <= maximumByteCount && parts.count <= maximumDepth
            && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
            && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    }

    /// A valid name that resembles `name`.
    private static func sanitised(_ name: String) -> String {
        // A name that is cut keeps its end, which says which parameter it is.
        let kept = name.utf8.suffix(200).map { byte -> UInt8 in
            byte < 0x20 || byte >= 0x7F || byte == UInt8(ascii: "/") ? UInt8(ascii: "_") : byte
        }
        let text = String(decoding: kept, as: UTF8.self)
        return ["", ".", ".."].contains(text) ? "_" + text : text
    }
}
