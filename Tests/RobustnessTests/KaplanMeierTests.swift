// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Robustness

@Suite struct KaplanMeierTests {
    /// The 6-MP arm of Freireich et al. (1963), the example of every text on the estimate: remission
    /// in weeks, published survival 0.857 at 6, 0.807 at 7, 0.753 at 10, 0.690 at 13, 0.627 at 16,
    /// 0.538 at 22, 0.448 at 23; median 23.
    @Test func freireichsRemissionsHaveTheirPublishedSurvival() {
        let events: [Double] = [6, 6, 6, 7, 10, 13, 16, 22, 23]
        let censored: [Double] = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
        let curve = KaplanMeier(
            distances: events + censored,
            isBroken: events.map { _ in true } + censored.map { _ in false })
        #expect(curve.steps.map(\.distance) == [6, 7, 10, 13, 16, 22, 23])
        #expect(curve.steps.map(\.atRisk) == [21, 17, 15, 12, 11, 7, 6])
        let published = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
        for (step, value) in zip(curve.steps, published) {
            #expect(abs(step.survival - value) < 5e-4)
        }
        #expect(curve.median == 23)
        #expect(curve.censored == 12)
    }

    @Test func withoutCensoringItIsTheSample() {
        let curve = KaplanMeier(distances: [4, 1, 3, 2], isBroken: [true, true, true, true])
        #expect(curve.median == 2)
        #expect(abs(curve.restrictedMean(to: 4) - 2.5) < 1e-12)
        #expect(abs(curve.restrictedMean(to: 2.5) - 2) < 1e-12)
    }

    @Test func aMedianNeedsHalfTheRowsBroken() {
        let curve = KaplanMeier(
            distances: [1, 2, 5, 5, 5], isBroken: [true, true, false, false, false])
        #expect(curve.median == nil)
        #expect(abs(curve.restrictedMean(to: 5) - (1 + 0.8 + 3 * 0.6)) < 1e-12)
        #expect(KaplanMeier(distances: [], isBroken: []).steps.isEmpty)
    }

    @Test func exactZerosHaveABinOfTheirOwn() {
        let histogram = Histogram(
            of: [0, 0, 1e-44, 1e-40, 0.5, 1, 7, .nan], edges: GradientAmplitude.edges)
        #expect(histogram.zeros == 2 && histogram.below == 1 && histogram.above == 2)
        #expect(histogram.counts == [1, 0, 0, 0, 1])
        #expect(histogram.total == 7)
    }
}
