// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What is known of a model's gradient, once for the model.
public struct ModelSigns: Sendable {
    public let checkpoint: String
    public let masking: MaskingSigns
    /// nil where it was left out.
    public let amplitude: GradientAmplitude?
    /// nil where it was left out.
    public let probe: GradientProbe?

    /// How many clean images each look takes.
    public struct Limits: Hashable, Sendable {
        public var masking = Evaluator.maskingRowLimit
        public var amplitude = 100
        public var probe = 200

        public init() {}

        /// No gradients but those that say whether any vanish.
        public static var brief: Limits {
            var limits = Limits()
            (limits.amplitude, limits.probe) = (0, 0)
            return limits
        }
    }

    /// - Parameters:
    ///   - images: clean rows in [0, 1].
    ///   - epsilon: the size of the probe's linf ball.
    /// - Throws: ``RobustnessError`` when the model fails.
    public init(
        _ model: EvaluatedModel, images: LabelledImages, epsilon: ExactFraction,
        limits: Limits = Limits()
    ) throws(RobustnessError) {
        checkpoint = model.name
        masking = try MaskingSigns.measure(
            model.classifier, images: images, limit: limits.masking)
        amplitude =
            limits.amplitude > 0
            ? try GradientAmplitude.measure(
                model.classifier, reference: model.reference, images: images,
                limit: limits.amplitude) : nil
        probe =
            limits.probe > 0
            ? try GradientProbe(
                model.classifier, images: images, epsilon: epsilon, limit: limits.probe) : nil
    }

    public var findings: [String] { masking.findings + (probe?.findings ?? []) }

    /// `{checkpoint, masking, amplitude, probe}`.
    public var json: JSON {
        [
            "checkpoint": .string(checkpoint), "masking": masking.json,
            "amplitude": amplitude?.json ?? .null, "probe": probe?.json ?? .null,
        ]
    }
}
