// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Reporting

/// What a sweep calls its objects in the store, all below one prefix.
struct SweepNames: Hashable {
    let prefix: String

    /// The net after a few epochs at T = 1 that all others start from.
    var start: String { "\(prefix).start" }
    /// The undistilled net.
    var base: String { "\(prefix).base" }
    /// The test rows that are attacked, as a data set.
    var test: String { "\(prefix).test" }

    func teacher(_ temperature: Double) -> String {
        "\(prefix).teacher.\(Self.text(temperature))"
    }

    func student(_ temperature: Double) -> String {
        "\(prefix).student.\(Self.text(temperature))"
    }

    /// The teacher's cached logits.
    func softLabels(_ temperature: Double) -> String { "\(prefix).\(Self.text(temperature))" }

    /// `T20`, `T2.5`.
    static func text(_ temperature: Double) -> String {
        "T" + NumberText.short(temperature, digits: 6)
    }

    /// The prefixes of the sweeps a store holds: whatever has a student at some temperature.
    static func prefixes(in store: Store) -> [String] {
        var prefixes: [String] = []
        for entry in store.checkpoints {
            guard let (prefix, _) = student(entry.name.description), !prefixes.contains(prefix)
            else { continue }
            prefixes.append(prefix)
        }
        return prefixes
    }

    /// The temperatures this sweep has students for, rising.
    func temperatures(in store: Store) -> [Double] {
        store.checkpoints.compactMap { entry in
            guard let found = Self.student(entry.name.description), found.prefix == prefix else {
                return nil
            }
            return found.temperature
        }.sorted()
    }

    /// Takes `PREFIX.student.T20` apart.
    private static func student(_ name: String) -> (prefix: String, temperature: Double)? {
        let mark = ".student.T"
        guard let start = name.indices.last(where: { name[$0...].hasPrefix(mark) }),
            let temperature = Double(name[name.index(start, offsetBy: mark.count)...]),
            temperature > 0, start > name.startIndex
        else { return nil }
        return (String(name[..<start]), temperature)
    }
}

/// The attacks of a sweep; the raw value ends the name of its set.
enum SweepAttack: String, CaseIterable {
    /// JSMA on the softmax at T = 1, as the founding notes ran it.
    case jsma = "jsma-f"
    /// The same on z/T, which undoes what distillation did to the softmax.
    case scaledJSMA = "jsma-ft"
    case logOddsPGD = "pgd"
    /// PGD on cross entropy, for contrast.
    case crossEntropyPGD = "pgd-ce"
    case carliniWagner = "cw"

    /// The name of the set against a checkpoint.
    func set(against checkpoint: String) -> String { "\(checkpoint).\(rawValue)" }
}
