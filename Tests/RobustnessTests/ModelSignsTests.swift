// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct ModelSignsTests {
    private func signs(_ scale: Double, reference: DoublePrecision? = nil) throws -> ModelSigns {
        let plain = linearModel(pixels: 100, classCount: 5, batchSize: 64, scale: 10)
        let images = try seenImages(plain, count: 120, lower: 0.3, upper: 0.7)
        let model = linearModel(pixels: 100, classCount: 5, batchSize: 64, scale: scale)
        return try ModelSigns(
            EvaluatedModel(
                name: "m", digest: Digest(hashing: [1]), classifier: model, reference: reference),
            images: images, epsilon: ExactFraction(parsing: "0.1"))
    }

    @Test func aPlainModelShowsItsGradient() throws {
        let signs = try signs(10)
        #expect(signs.findings.isEmpty, "\(signs.findings)")
        let probe = try #require(signs.probe)
        #expect(probe.images == 120 && probe.cleanAccuracy.count == 120)
        let trials = Dictionary(
            uniqueKeysWithValues: probe.trials.map { ($0.name, $0.accuracy.count) })
        #expect(trials["ce"] == trials["log-odds"])
        #expect(trials["epsilon 0.5"] == 0)
        #expect(try #require(trials["noise"]) > 60)
        #expect(try #require(trials["log-odds"]) <= #require(trials["one step"]))
    }

    @Test func aLargeScaleIsSeenByTheProbeAndTheHistograms() throws {
        let signs = try signs(4000)
        #expect(signs.masking.zeroCrossEntropy.count > 60)
        #expect(signs.masking.saturated.count > 60)
        #expect(signs.masking.gapHistogram.total == 120)
        #expect(
            signs.masking.gapHistogram.counts.suffix(4).reduce(0, +)
                + signs.masking.gapHistogram.above > 60)
        let probe = try #require(signs.probe)
        #expect(probe.findings.contains { $0.hasPrefix("log-odds alone breaks") })
        #expect(probe.findings.contains { $0.hasPrefix("dlr alone breaks") })
        let amplitude = try #require(signs.amplitude)
        #expect(amplitude.images == 100)
        #expect(amplitude.softmax.total == 100)
        #expect(amplitude.softmax.zeros > 40)
        #expect(amplitude.logOdds.zeros == 0)
        // The log-odds gradient grows with the logits, the softmax's vanishes.
        let plain = try #require(try self.signs(10).amplitude)
        let ratio = try #require(amplitude.meanLogOdds) / #require(plain.meanLogOdds)
        #expect(ratio > 300 && ratio < 500)
        #expect(try #require(amplitude.meanSoftmax) < #require(plain.meanSoftmax))
    }

    /// dF_c/dx of softmax(W x + b), summed by hand in double.
    @Test func amplitudesAreThoseOfTheClosedForm() throws {
        let model = linearModel(pixels: 12, classCount: 3, scale: 2)
        let images = try seenImages(model, count: 7)
        let found = try GradientAmplitude.measure(model, images: images, limit: 7)
        var sum = 0.0
        for row in 0..<7 {
            let pixels = images.pixels(row..<(row + 1)).map(Double.init)
            let logits = (0..<3).map { label in
                2
                    * (Double(model.first.bias[label])
                        + (0..<12).reduce(0.0) {
                            $0 + Double(model.first.weight[label * 12 + $1]) * pixels[$1]
                        })
            }
            let weights = logits.map { exp($0) }
            let p = weights.map { $0 / weights.reduce(0, +) }
            for label in 0..<3 {
                for pixel in 0..<12 {
                    let mean = (0..<3).reduce(0.0) {
                        $0 + p[$1] * Double(model.first.weight[$1 * 12 + pixel])
                    }
                    sum += abs(
                        2 * p[label] * (Double(model.first.weight[label * 12 + pixel]) - mean))
                }
            }
        }
        let expected = sum / (7 * 3 * 12)
        #expect(abs(try #require(found.meanSoftmax) / expected - 1) < 1e-5)
    }

    @Test func doublePrecisionStandsBesideTheFloats() throws {
        // A model in double whose one gradient is known: every image has amplitude |seed| / 100.
        let reference = DoublePrecision(
            logits: { _ in [300, 0, 0, 0, 0] },
            inputGradients: { image, seeds in
                seeds([300, 0, 0, 0, 0]).map { seed in
                    [Double](repeating: seed[0] / 100, count: image.count)
                }
            })
        let amplitude = try #require(try signs(10, reference: reference).amplitude)
        // exp(-300) is no zero in double.
        let inDouble = try #require(amplitude.softmaxInDouble)
        #expect(inDouble.zeros == 0 && inDouble.below == 24)
        #expect(try #require(amplitude.meanSoftmaxInDouble) > 0)
        #expect(amplitude.meanSoftmaxOnSame != nil)
    }

    @Test func notMeasuredIsSaidAsNull() {
        let json = MaskingSigns.notMeasured.json
        #expect(json["rows"] == 0)
        #expect(json["zero_gradient_share"] == .null)
        #expect(json["logit_gap"] == .null)
    }
}
