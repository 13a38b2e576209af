// SPDX-License-Identifier: Apache-2.0

import Robustness

/// An attack in a few words, from its canonical text.
struct AttackLabel: Hashable {
    /// `FGSM`, `PGD-40`.
    let method: String
    /// `CE`, `log-odds`; empty where the attack has no loss.
    let loss: String

    /// - Parameter text: the canonical text; anything else is kept as it is.
    init(_ text: String) {
        guard let attack = try? AttackSpecification.parse(text) else {
            (method, loss) = (text, "")
            return
        }
        let parameters = Dictionary(
            attack.parameters.map { ($0.key, $0.text) }, uniquingKeysWith: { first, _ in first })
        let name = type(of: attack).name
        // The steps of searches for the smallest change are a limit, not part of what they are.
        let isMinimal = attack.threatModel.epsilon == nil
        let steps = isMinimal ? "" : parameters["steps"].map { "-" + $0 } ?? ""
        let variant = parameters["variant"].map { "-" + $0.uppercased() } ?? ""
        method = (Self.spellings[name] ?? name.uppercased()) + variant + steps
        loss = parameters["loss"].map { $0 == "ce" ? "CE" : $0 } ?? ""
    }

    /// Names that are not written in capitals.
    private static let spellings = [
        "autoattack": "AutoAttack", "cw": "C&W", "deepfool": "DeepFool", "noise": "noise",
        "square": "Square", "corruption": "corruption",
    ]

    var text: String { loss.isEmpty ? method : "\(method) \(loss)" }
}
