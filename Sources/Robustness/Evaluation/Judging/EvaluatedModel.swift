// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// A model that sets are judged on, in the forms a careful judgement needs.
public struct EvaluatedModel {
    public let name: String
    public let digest: Digest
    public let classifier: any DifferentiableClassifier
    /// The same model with a batch of one row, whose kernels see no padding; nil where there is none.
    public let single: (any DifferentiableClassifier)?
    /// The same model in double precision; nil where there is none.
    public let reference: DoublePrecision?

    public init(
        name: String, digest: Digest, classifier: any DifferentiableClassifier,
        single: (any DifferentiableClassifier)? = nil, reference: DoublePrecision? = nil
    ) {
        self.name = name
        self.digest = digest
        self.classifier = classifier
        self.single = single
        self.reference = reference
    }
}

/// A model in double precision, one image at a time; called on several threads at once.
public struct DoublePrecision: Sendable {
    /// The logits of an image (C, H, W).
    public let logits: @Sendable ([Float]) -> [Double]
    /// dL/dimage for each of several L, given as dL/dlogits at the logits.
    public let inputGradients:
        @Sendable (_ image: [Float], _ seeds: ([Double]) -> [[Double]]) -> [[Double]]

    public init(
        logits: @escaping @Sendable ([Float]) -> [Double],
        inputGradients:
            @escaping @Sendable (
                _ image: [Float], _ seeds: ([Double]) -> [[Double]]
            ) -> [[Double]]
    ) {
        self.logits = logits
        self.inputGradients = inputGradients
    }

    /// By the plain loops of a reference network.
    public init(_ network: ReferenceNetwork) {
        logits = { network.pass(over: $0.map(Double.init)).logits }
        inputGradients = { image, seeds in
            let pass = network.pass(over: image.map(Double.init))
            return seeds(pass.logits).map { pass.inputGradient(seed: $0) }
        }
    }
}
