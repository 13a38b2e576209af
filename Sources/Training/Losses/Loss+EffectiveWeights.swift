// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What a loss really weighs: the numbers people get wrong when they copy alpha and T from one
/// program to another.
public struct EffectiveWeights: Hashable, Sendable {
    /// Factor before the cross entropy with labels.
    public let hard: Double
    /// Factor before the loss with the teacher's targets, T^2 included.
    public let soft: Double
    /// The temperature both sides of the soft loss are divided by.
    public let temperature: Double
    /// Whether the soft loss carries T^2.
    public let hasTemperatureSquared: Bool
    /// Factor before (p - target) in the derivative by the logits, hard and soft.
    public let hardGradient: Double
    public let softGradient: Double
    /// One sentence for people.
    public let summary: String

    public var json: JSON {
        [
            "hard": .number(hard), "soft": .number(soft), "temperature": .number(temperature),
            "temperature_squared": .bool(hasTemperatureSquared),
            "hard_gradient": .number(hardGradient), "soft_gradient": .number(softGradient),
            "summary": .string(summary),
        ]
    }
}

extension EffectiveWeights: CustomStringConvertible {
    public var description: String { summary }
}

extension Loss {
    public var effectiveWeights: EffectiveWeights {
        switch self {
        case .crossEntropy(let t):
            EffectiveWeights(
                hard: 1, soft: 0, temperature: t, hasTemperatureSquared: false,
                hardGradient: 1 / t, softGradient: 0,
                summary: "1 x CE(z / \(short(t)), label), gradient (p - label) x \(short(1 / t))")
        case .softCrossEntropy(let t):
            EffectiveWeights(
                hard: 0, soft: 1, temperature: t, hasTemperatureSquared: false,
                hardGradient: 0, softGradient: 1 / t,
                summary: "1 x CE(z / \(short(t)), teacher at \(short(t))), no T^2, no labels, "
                    + "gradient (p - teacher) x \(short(1 / t))")
        case .hinton(let alpha, let t):
            EffectiveWeights(
                hard: 1 - alpha, soft: alpha * t * t, temperature: t, hasTemperatureSquared: true,
                hardGradient: 1 - alpha, softGradient: alpha * t,
                summary: "\(short(1 - alpha)) x CE(z, label) + \(short(alpha * t * t)) x "
                    + "KL(teacher at \(short(t)) || z / \(short(t))) [alpha T^2], gradient "
                    + "(p - label) x \(short(1 - alpha)) + (p - teacher) x \(short(alpha * t)) "
                    + "[alpha T]")
        case .logitMatching:
            EffectiveWeights(
                hard: 0, soft: 1, temperature: 1, hasTemperatureSquared: false,
                hardGradient: 0, softGradient: 1,
                summary: "1 x 1/2 |z - teacher|^2 over centred logits, no labels, "
                    + "gradient (z - teacher) x 1")
        }
    }

    /// The digits single precision tells apart: 0.1 for 1 - 0.9, 40 for 40.0.
    private func short(_ value: Double) -> String {
        let text = Float(value).description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
