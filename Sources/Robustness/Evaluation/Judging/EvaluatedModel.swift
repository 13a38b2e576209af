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

/// A model in double precision, one image at a time.
public struct DoublePrecision {
    /// The logits of an image (C, H, W).
    public let logits: ([Float]) throws(RobustnessError) -> [Double]
    /// dL/dimage for each of several L, given as dL/dlogits at the logits.
    public let inputGradients:
        (_ image: [Float], _ seeds: ([Double]) -> [[Double]]) throws(RobustnessError) -> [[Double]]

    public init(
        logits: @escaping ([Float]) throws(RobustnessError) -> [Double],
        inputGradients:
            @escaping (
                _ image: [Float], _ seeds: ([Double]) -> [[Double]]
            ) throws(RobustnessError) -> [[Double]]
    ) {
        self.logits = logits
        self.inputGradients = inputGradients
    }
}
