// SPDX-License-Identifier: Apache-2.0

/// A name in a store: `teacher`, or `teacher@3` for the checkpoint after epoch 3.
public struct ObjectName: Hashable, Sendable, CustomStringConvertible {
    /// The name without its epoch.
    public let base: String
    public let epoch: Int?

    /// - Throws: ``StoreError`` unless `text` is 1 to 200 characters of `A-Z a-z 0-9 . _ -`, not
    ///   `.` or `..`, for checkpoints optionally followed by `@` and an epoch without leading
    ///   zeros. `file` is named in the error.
    public init(_ text: String, kind: ObjectKind, file: String) throws(StoreError) {
        func refusal(_ reason: String) -> StoreError {
            StoreError(.invalidName, file: file, "'\(text)' cannot name \(kind.title): \(reason)")
        }
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let base = String(parts[0])
        let limit = StoreFormat.maximumNameByteCount
        guard !base.isEmpty else { throw refusal("a name is empty") }
        guard text.utf8.count <= limit else { throw refusal("it is longer than \(limit) bytes") }
        guard base.utf8.allSatisfy(Self.isAllowed) else {
            throw refusal("expected letters, digits, '.', '_' and '-' only")
        }
        guard base != ".", base != ".." else { throw refusal("it means a folder") }
        self.base = base
        guard parts.count == 2 else {
            epoch = nil
            return
        }
        guard kind == .checkpoint else {
            throw refusal("only checkpoints have an '@' and an epoch")
        }
        guard let epoch = Int(parts[1]), String(epoch) == parts[1], epoch >= 0 else {
            throw refusal("expected a number without leading zeros after '@'")
        }
        self.epoch = epoch
    }

    /// Whether a name can be used, for callers that check before they compute for an hour.
    public static func isValid(_ text: String, kind: ObjectKind) -> Bool {
        (try? ObjectName(text, kind: kind, file: "")) != nil
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }

    public var description: String { epoch.map { "\(base)@\($0)" } ?? base }
}

extension ObjectName: Comparable {
    /// By base, then epoch as a number: `a`, `a@9`, `a@10`, `b`.
    public static func < (left: ObjectName, right: ObjectName) -> Bool {
        left.base == right.base
            ? (left.epoch ?? -1) < (right.epoch ?? -1) : left.base < right.base
    }
}
