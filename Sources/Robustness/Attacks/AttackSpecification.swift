// SPDX-License-Identifier: Apache-2.0

/// The attacks by name, and the text form `NAME[:preset][,key=value,...]`.
public enum AttackSpecification {
    /// Every attack there is.
    public static let known: [any Attack.Type] = [
        FastGradientSign.self,
        BasicIterativeMethod.self,
        MomentumIterativeMethod.self,
        ProjectedGradientDescent.self,
        SaliencyMapAttack.self,
        AdditiveNoise.self,
        DeepFool.self,
        CarliniWagner.self,
        CommonCorruptions.self,
        AutoPGD.self,
        AutoPGDTargeted.self,
        FastAdaptiveBoundary.self,
        FastAdaptiveBoundaryTargeted.self,
        Square.self,
        AutoAttack.self,
    ]

    /// Reads `fgsm:epsilon=0.3`, `pgd:norm=l2,epsilon=2,steps=40,restarts=5` or
    /// `pgd:madry-mnist,steps=100`.
    ///
    /// - Throws: ``RobustnessError`` listing what is known for an unknown attack or key, and naming
    ///   the key for a value that is missing or wrong.
    public static func parse(_ text: String) throws(RobustnessError) -> any Attack {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.first.map(String.init) ?? ""
        guard let type = known.first(where: { $0.name == name }) else {
            let names = known.map { $0.name }.joined(separator: ", ")
            throw RobustnessError(
                .specification, "there is no attack '\(name)'; the attacks are \(names)")
        }
        let arguments = try AttackArguments(
            attack: name, keys: type.keys, presets: type.presets,
            text: parts.count == 2 ? parts[1] : "")
        return try type.init(arguments: arguments)
    }

    /// The text of an attack with one more `key=value`.
    public static func adding(_ pair: String, to text: String) -> String {
        guard text.contains(":") else { return "\(text):\(pair)" }
        return text.hasSuffix(":") ? text + pair : "\(text),\(pair)"
    }
}

/// The `key=value` pairs of one attack.
public struct AttackArguments: Sendable {
    let attack: String
    private var values: [String: String] = [:]

    /// - Throws: ``RobustnessError`` for a word that is neither `key=value` nor a preset, a second
    ///   preset, a key given twice or not in `keys`.
    init(
        attack: String, keys: [AttackKey], presets: [AttackPreset] = [], text: Substring
    ) throws(RobustnessError) {
        self.attack = attack
        let words = text.split(separator: ",")
        let names = words.filter { !$0.contains("=") }
        try read(words.filter { $0.contains("=") }, keys: keys)
        guard let name = names.first else { return }
        guard let preset = presets.first(where: { $0.name == name }) else {
            let known = presets.map(\.name).joined(separator: ", ")
            throw RobustnessError(
                .specification,
                "'\(name)' in the attack '\(attack)' is not of the form key=value"
                    + (known.isEmpty ? "" : " nor one of its presets \(known)"))
        }
        guard names.count == 1 else {
            throw RobustnessError(
                .specification,
                "the attack '\(attack)' has \(names.count) presets, '\(name)' and '\(names[1])', expected one"
            )
        }
        let given = values
        values = [:]
        try read(preset.text.split(separator: ","), keys: keys)
        values.merge(given) { _, given in given }
    }

    private mutating func read(
        _ pairs: [Substring], keys: [AttackKey]
    ) throws(RobustnessError) {
        for pair in pairs {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2, !sides[1].isEmpty else {
                throw RobustnessError(
                    .specification,
                    "'\(pair)' in the attack '\(attack)' is not of the form key=value")
            }
            let key = String(sides[0])
            guard keys.contains(where: { $0.name == key }) else {
                let names = keys.map(\.name).joined(separator: ", ")
                throw RobustnessError(
                    .specification,
                    "the attack '\(attack)' has no key '\(key)'; its keys are \(names)")
            }
            guard values.updateValue(String(sides[1]), forKey: key) == nil else {
                throw RobustnessError(
                    .specification, "the attack '\(attack)' has the key '\(key)' twice")
            }
        }
    }

    func text(_ key: String) -> String? { values[key] }

    func wrong(_ key: String, expected: String) -> RobustnessError {
        RobustnessError(
            .specification,
            "\(key)=\(values[key] ?? "") of the attack '\(attack)' is not \(expected)")
    }

    func fraction(_ key: String) throws(RobustnessError) -> ExactFraction? {
        guard let text = values[key] else { return nil }
        return try ExactFraction(parsing: text)
    }

    func fraction(
        _ key: String, default standard: String
    ) throws(RobustnessError) -> ExactFraction {
        try ExactFraction(parsing: values[key] ?? standard)
    }

    func integer(
        _ key: String, default standard: Int, in range: ClosedRange<Int>
    ) throws(RobustnessError) -> Int {
        guard let text = values[key] else { return standard }
        guard let value = Int(text), range.contains(value) else {
            throw wrong(
                key, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func seed() throws(RobustnessError) -> UInt64 {
        guard let text = values["seed"] else { return 0 }
        guard let value = UInt64(text), value <= UInt64(Int.max) else {
            throw wrong("seed", expected: "a whole number from 0 to \(Int.max)")
        }
        return value
    }

    func choice<Choice: RawRepresentable<String>>(
        _ key: String, default standard: Choice, among choices: [Choice]
    ) throws(RobustnessError) -> Choice {
        guard let text = values[key] else { return standard }
        guard let choice = choices.first(where: { $0.rawValue == text }) else {
            let names = choices.map(\.rawValue).joined(separator: ", ")
            throw wrong(key, expected: "one of \(names)")
        }
        return choice
    }

    /// The norm and epsilon every attack inside a ball has.
    ///
    /// There is no default epsilon: published ones belong to one data set and one pixel scale, and
    /// libraries that guess differ from each other.
    func ball(norms: [Norm] = [.linf, .l2]) throws(RobustnessError) -> NormBall {
        let norm = try choice("norm", default: Norm.linf, among: norms)
        guard let epsilon = try fraction("epsilon") else {
            throw RobustnessError(
                .specification,
                "the attack '\(attack)' needs an epsilon in pixel units of [0, 1], for example \(attack):epsilon=8/255"
            )
        }
        guard epsilon.numerator > 0 else { throw wrong("epsilon", expected: "above zero") }
        guard norm != .linf || epsilon.value <= 1 else {
            throw wrong("epsilon", expected: "at most 1, the width of the pixel box, for linf")
        }
        return NormBall(norm: norm, epsilon: epsilon)
    }
}
