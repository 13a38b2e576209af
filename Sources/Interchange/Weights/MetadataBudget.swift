// SPDX-License-Identifier: Apache-2.0

/// Bounds what a stranger's metadata may keep in memory: they are shown, not relied on.
struct MetadataBudget {
    private var bytesLeft = 16 << 20
    private var elementsLeft = 1 << 18
    /// Longer texts are cut.
    static let longestText = 1 << 20

    /// `text`, or its beginning and its length.
    mutating func shortened(_ text: String) -> String {
        let allowed = min(Self.longestText, bytesLeft)
        let count = text.utf8.count
        guard count > allowed else {
            bytesLeft -= count
            return text
        }
        bytesLeft -= allowed
        return String(decoding: text.utf8.prefix(allowed), as: UTF8.self)
            + "... (\(count) bytes in all)"
    }

    /// Whether there is room for `count` more elements of lists, which are then taken.
    mutating func take(elements count: Int) -> Bool {
        guard count <= elementsLeft else { return false }
        elementsLeft -= count
        return true
    }
}
