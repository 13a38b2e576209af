// SPDX-License-Identifier: Apache-2.0

import Glibc
import Reporting
import Robustness

/// A sweep's numbers as charts over a logarithmic axis of temperatures.
struct SweepPictures {
    let sweep: SweepResults

    private static let axis = Axis("distillation temperature T", scale: .logarithmic)
    private typealias Model = SweepResults.Model

    private func series(
        _ name: String, colour: Int, isDashed: Bool = false,
        _ value: (SweepResults.Model) -> Estimate?
    ) -> LineChart.Series {
        let points = sweep.temperatures.compactMap { entry in
            value(entry.student).map { LineChart.Point(x: entry.temperature, $0) }
        }
        return LineChart.Series(name, points, isDashed: isDashed, colour: colour)
    }

    private func chart(
        _ title: String, _ yAxis: Axis, _ series: [LineChart.Series],
        baselines: [LineChart.Baseline] = []
    ) -> LineChart {
        LineChart(
            title, xAxis: Self.axis, yAxis: yAxis, series: series.filter { !$0.points.isEmpty },
            baselines: baselines)
    }

    /// Wrong on the example, of all rows.
    private static func broken(_ ball: SweepResults.InBall) -> Estimate {
        let right = ball.adversarialAccuracy
        return estimate(Rate(right.total - right.count, of: right.total))
    }

    /// A value without an interval.
    private static func plain(_ value: Double?) -> Estimate? {
        value.map { Estimate($0, lower: $0, upper: $0) }
    }

    var success: LineChart {
        let published = (sweep.published?.success ?? [:]).sorted { $0.key < $1.key }
        var all = [
            series("JSMA on the softmax", colour: 0) { $0.jsma?.estimate },
            LineChart.Series(
                "as published", published.map { .init(x: $0.key, y: $0.value) }, isDashed: true,
                colour: 0),
            series("JSMA on z/T", colour: 1) { $0.scaledJSMA?.estimate },
            series("PGD on log-odds", colour: 2) { $0.logOddsPGD.map(Self.broken) },
            series("PGD on cross entropy", colour: 2, isDashed: true) {
                $0.crossEntropyPGD.map(Self.broken)
            },
            series("C&W l2", colour: 3) { $0.carliniWagner.map { estimate($0.success) } },
        ]
        all.removeAll { $0.points.isEmpty }
        var baselines: [LineChart.Baseline] = []
        if let own = sweep.baseline?.jsma {
            baselines.append(
                .init(
                    "undistilled, JSMA: \(own.estimate.percent)", y: own.estimate.value,
                    band: own.interval))
        }
        if let published = sweep.published {
            baselines.append(
                .init(
                    "undistilled, as published: \(NumberText.percent(published.baseline, places: 2))",
                    y: published.baseline))
        }
        var result = chart(
            "Attack success against temperature, \(sweep.architecture) on \(sweep.data)",
            Axis("attacks that succeed", format: .percent, range: 0...1), all,
            baselines: baselines)
        result.plotHeight = 320
        return result
    }

    var accuracy: LineChart {
        let teachers = sweep.temperatures.compactMap { entry in
            entry.teacherAccuracy.map { LineChart.Point(x: entry.temperature, y: $0) }
        }
        return chart(
            "Test accuracy", Axis("accuracy", format: .percent),
            [
                series("student", colour: 0) { Self.plain($0.testAccuracy) },
                LineChart.Series("teacher", teachers, isDashed: true, colour: 1),
            ],
            baselines: sweep.baseline?.testAccuracy.map {
                [.init("undistilled: \(NumberText.percent($0))", y: $0)]
            } ?? [])
    }

    /// In percentage points.
    var accuracyChange: LineChart {
        let base = sweep.baseline?.testAccuracy
        return chart(
            "Change of accuracy by distillation", Axis("percentage points"),
            [
                series("student minus undistilled", colour: 0) { model in
                    guard let base, let own = model.testAccuracy else { return nil }
                    return Self.plain((own - base) * 100)
                }
            ], baselines: [.init("no change", y: 0)])
    }

    var features: LineChart {
        chart(
            "Features changed, mean over successes", Axis("features"),
            [
                series("JSMA on the softmax", colour: 0) { Self.plain($0.jsma?.meanFeatures) },
                series("JSMA on z/T", colour: 1) { Self.plain($0.scaledJSMA?.meanFeatures) },
            ],
            baselines: sweep.baseline?.jsma?.meanFeatures.map {
                [.init("undistilled: \(NumberText.fixed($0))", y: $0)]
            } ?? [])
    }

    var hardness: LineChart {
        chart(
            "Share of features for the easiest target", Axis("features", format: .percent),
            [
                series("JSMA on the softmax", colour: 0) {
                    Self.plain($0.jsma?.hardness.meanAtLeast)
                },
                series("JSMA on z/T", colour: 1) {
                    Self.plain($0.scaledJSMA?.hardness.meanAtLeast)
                },
            ],
            baselines: sweep.baseline?.jsma?.hardness.meanAtLeast.map {
                [.init("undistilled: \(NumberText.percent($0))", y: $0)]
            } ?? [])
    }

    /// nil without a Carlini-Wagner set.
    var distance: LineChart? {
        let result = chart(
            "Smallest l2 change found", Axis("l2 distance"),
            [
                series("mean", colour: 0) { Self.plain($0.carliniWagner?.meanDistance) },
                series("median", colour: 1) { Self.plain($0.carliniWagner?.medianDistance) },
            ],
            baselines: sweep.baseline?.carliniWagner?.meanDistance.map {
                [.init("undistilled, mean: \(NumberText.fixed($0, places: 2))", y: $0)]
            } ?? [])
        return result.series.isEmpty ? nil : result
    }

    var amplitude: LineChart {
        chart(
            "Mean size of the input gradient", Axis("|d/dx|", scale: .logarithmic),
            [
                series("of the softmax", colour: 0) {
                    Self.plain($0.gradients?.probabilityAmplitude)
                },
                series("of the log-odds", colour: 1) { Self.plain($0.gradients?.logOddsAmplitude) },
            ])
    }

    var vanished: LineChart {
        chart(
            "Rows whose gradient is exactly zero",
            Axis("clean rows", format: .percent, range: 0...1),
            [
                series("cross entropy", colour: 0) {
                    $0.gradients.map { estimate($0.zeroCrossEntropy) }
                },
                series("log-odds", colour: 1) { $0.gradients.map { estimate($0.zeroLogOdds) } },
            ])
    }

    /// Quarter decades from 0.1 to 10,000; what lies outside goes to the ends.
    private static let gapEdges = (0...20).map { pow(10, -1 + Double($0) / 4) }

    var gaps: HistogramChart {
        let models =
            (sweep.baseline.map { [("undistilled", $0)] } ?? [])
            + sweep.temperatures.map { ("T = \(NumberText.short($0.temperature))", $0.student) }
        var chart = HistogramChart(
            "Logit gap on clean rows", axis: Axis(logitGapLabel, scale: .logarithmic),
            edges: Self.gapEdges,
            rows: models.compactMap { name, model in
                model.gradients.map { gradients in
                    var counts = [Int](repeating: 0, count: Self.gapEdges.count - 1)
                    for gap in gradients.gaps where !gap.isNaN {
                        let bin = Self.gapEdges.lastIndex { $0 <= Double(gap) } ?? 0
                        counts[min(bin, counts.count - 1)] += 1
                    }
                    return .init(name, counts, median: gradients.medianGap)
                }
            }, marks: [vanishingMark])
        (chart.isOpenBelow, chart.isOpenAbove) = (true, true)
        return chart
    }
}

let logitGapLabel = "largest minus second logit"

/// exp(-104) is the last that a denormal `Float` can hold.
let vanishingMark = HistogramChart.Mark("104: the cross-entropy gradient is 0 in Float", x: 104)
