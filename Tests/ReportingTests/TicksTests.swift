// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Reporting

@Suite struct TicksTests {
    private func labels(_ ticks: Ticks) -> [String] { ticks.values.map(ticks.label) }

    @Test func linearTicksAreRoundNumbers() {
        #expect(
            labels(.linear(in: 0...0.3, count: 6)) == [
                "0.00", "0.05", "0.10", "0.15", "0.20", "0.25", "0.30",
            ])
        #expect(labels(.linear(in: 0...100, count: 5)) == ["0", "20", "40", "60", "80", "100"])
        #expect(labels(.linear(in: -1...1, count: 4)) == ["-1.0", "-0.5", "0.0", "0.5", "1.0"])
        #expect(
            labels(.linear(in: 0...40_000, count: 4)) == [
                "0", "10,000", "20,000", "30,000", "40,000",
            ])
        #expect(labels(.linear(in: 1...3, count: 8, integersOnly: true)) == ["1", "2", "3"])
    }

    @Test func tickValuesAreExactDecimals() {
        #expect(
            Ticks.linear(in: 0...1, count: 10).values == [
                0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1,
            ])
    }

    @Test(arguments: [1e-12, 3e-7, 0.004, 0.7, 1, 12, 999, 1e6, 4e15])
    func everyRangeHasAFewTicksInsideIt(size: Double) {
        for start in [0, -size / 3, size * 10] {
            let range = start...(start + size)
            let values = Ticks.linear(in: range, count: 5).values
            #expect((2...9).contains(values.count), "\(range): \(values)")
            #expect(
                values.allSatisfy { $0 >= start - size * 1e-6 && $0 <= start + size * 1.000001 })
            #expect(zip(values, values.dropFirst()).allSatisfy { $0 < $1 })
        }
    }

    @Test func logarithmicTicksAreDecadesOrTheirParts() {
        #expect(labels(.logarithmic(in: 1...100)) == ["1", "2", "5", "10", "20", "50", "100"])
        #expect(
            labels(.logarithmic(in: 1e-6...1)) == [
                "10⁻⁶", "10⁻⁵", "0.0001", "0.001", "0.01", "0.1", "1",
            ])
        #expect(Ticks.logarithmic(in: 1e-30...1).values.count <= 8)
    }

    @Test func axesLeaveOutWhatTheyCannotShow() {
        let layout = AxisLayout(
            Axis("x", scale: .logarithmic), values: [1, 100, 0, -3, .nan, .infinity],
            tickCount: 5, isWidened: false)
        #expect(layout.range == 1...100)
        #expect(layout.position(10) == 0.5)
        #expect(layout.position(0) == nil)
        let flat = AxisLayout(Axis("y"), values: [5, 5], tickCount: 5, isWidened: true)
        #expect(flat.range.contains(5) && flat.range.lowerBound < flat.range.upperBound)
        let none = AxisLayout(Axis("y"), values: [.nan], tickCount: 5, isWidened: true)
        #expect(none.range == 0...1)
    }
}
