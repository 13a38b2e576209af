// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Reads a JSON object of settings and refuses the ones it was not asked about: a misspelt or newer
/// setting that is silently dropped would resume a different run.
struct SettingsReader {
    private let members: [String: JSON]
    private let what: String
    private var seen: Set<String> = []

    /// - Parameter what: the noun of error messages, "recipe".
    init(_ json: JSON, of what: String) throws(TrainingError) {
        guard let members = json.objectValue else {
            throw TrainingError("the \(what) is not a JSON object: \(json)")
        }
        self.members = members
        self.what = what
    }

    /// The value under `key`; nil when it is missing or null.
    mutating func value(_ key: String) -> JSON? {
        seen.insert(key)
        let value = members[key]
        return value == .null ? nil : value
    }

    mutating func string(_ key: String, default fallback: String? = nil)
        throws(TrainingError) -> String
    {
        try read(key, default: fallback, expected: "text", \.stringValue)
    }

    mutating func number(_ key: String, default fallback: Double? = nil)
        throws(TrainingError) -> Double
    {
        try read(key, default: fallback, expected: "a number", \.doubleValue)
    }

    mutating func integer(_ key: String, default fallback: Int? = nil)
        throws(TrainingError) -> Int
    {
        try read(key, default: fallback, expected: "an integer", \.integerValue)
    }

    mutating func bool(_ key: String, default fallback: Bool? = nil) throws(TrainingError) -> Bool {
        try read(key, default: fallback, expected: "true or false", \.boolValue)
    }

    /// - Throws: ``TrainingError`` naming the first key that nobody asked for.
    func finish() throws(TrainingError) {
        if let unknown = members.keys.filter({ !seen.contains($0) }).min() {
            throw TrainingError(
                "the \(what) has an unknown setting '\(unknown)', expected one of "
                    + seen.sorted().joined(separator: ", "))
        }
    }

    private mutating func read<Value>(
        _ key: String, default fallback: Value?, expected: String, _ extract: (JSON) -> Value?
    ) throws(TrainingError) -> Value {
        guard let value = value(key) else {
            if let fallback { return fallback }
            throw TrainingError("the \(what) lacks '\(key)'")
        }
        guard let extracted = extract(value) else {
            throw TrainingError("'\(key)' of the \(what) is \(value), expected \(expected)")
        }
        return extracted
    }
}
