// SPDX-License-Identifier: Apache-2.0

import Robustness
import Testing

@Suite struct RateTests {
    /// The first four from Newcombe, "Two-sided confidence intervals for the single proportion",
    /// Statistics in Medicine 17, 1998, table I, method 3.
    @Test(arguments: [
        (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ])
    func intervalsArePublishedOnes(count: Int, total: Int, lower: Double, upper: Double) {
        let interval = Rate(count, of: total).interval
        #expect(abs(interval.lowerBound - lower) < 5e-5)
        #expect(abs(interval.upperBound - upper) < 5e-5)
    }

    /// scipy 1.17.1: binomtest(count, total).proportion_ci(0.95, "wilson").
    @Test(arguments: [
        (0, 10, 0.0, 0.27753279986288926), (10, 10, 0.7224672001371109, 1.0),
        (500, 1000, 0.4690696003681042, 0.5309303996318958),
        (9873, 10000, 0.9849106380508621, 0.9893151171370764),
    ])
    func intervalsAreThoseOfScipy(count: Int, total: Int, lower: Double, upper: Double) {
        let interval = Rate(count, of: total).interval
        #expect(abs(interval.lowerBound - lower) < 1e-12)
        #expect(abs(interval.upperBound - upper) < 1e-12)
    }

    @Test func aShareOfNothingIsUnknown() {
        #expect(Rate(0, of: 0).value == nil)
        #expect(Rate(0, of: 0).interval == 0...1)
    }

    @Test func quantilesAreNumpysAndLeaveNaNOut() {
        // numpy.quantile([1, 2, 4, 8, 16], [0, .25, .5, .75, 1])
        let quantiles = Quantiles(of: [16, 1, .nan, 8, 2, 4])
        #expect(quantiles.values == [1, 2, 4, 8, 16])
        #expect(Quantiles(of: [1, 2]).values == [1, 1.25, 1.5, 1.75, 2])
        #expect(quantiles.mean == 6.2)
        #expect(Quantiles(of: []).values.isEmpty)
    }
}
