// SPDX-License-Identifier: Apache-2.0

import Reporting
import Robustness

extension ReportPage {
    /// The table of the founding notes, and the same nets attacked properly, on common axes.
    func sweepBlocks(_ sweep: SweepResults) throws -> [HTMLPage.Block] {
        let pictures = SweepPictures(sweep: sweep)
        var blocks: [HTMLPage.Block] = [
            .paragraph(
                "Every net is distilled at one temperature from a teacher trained at it, and served at T = 1. Where the curve on the softmax falls and the others stay up, the temperature has hidden the gradient from one attack and protects nothing."
            ),
            .figure(
                [pictures.success],
                caption:
                    "JSMA on the softmax differentiates what saturates at high temperatures; the same attack on z/T, and attacks on the log-odds, do not depend on it. Where only the first curve falls, the temperature protects nothing. Bands are 95 % intervals."
            ),
            .table(pictures.table),
        ]
        if let spearman = sweep.spearman {
            let scaled = sweep.scaledSpearman.map {
                "; of the same attack on z/T: \(NumberText.fixed($0, places: 2))"
            }
            blocks.append(
                .note(
                    RichText(
                        "Spearman's correlation of temperature and success: \(NumberText.fixed(spearman, places: 2))\(scaled ?? "")."
                    )))
        }
        blocks.append(
            .figure(
                [pictures.accuracy.halfPage, pictures.accuracyChange.halfPage],
                caption: "What distillation costs on clean test rows."))
        if pictures.features.series.contains(where: { !$0.points.isEmpty }) {
            blocks.append(
                .figure(
                    [pictures.features.halfPage, pictures.hardness.halfPage],
                    caption:
                        "Features that a successful attack changes, and the share that the easiest target of each source needs. Sources that no target reached count with the cap, so the second curve is a lower bound."
                ))
        }
        if let distance = pictures.distance {
            blocks.append(
                .figure(
                    [distance],
                    caption:
                        "The smallest l2 change that Carlini and Wagner's attack finds would grow with the temperature if distillation protected."
                ))
        }
        if pictures.amplitude.series.contains(where: { !$0.points.isEmpty }) {
            blocks.append(
                .figure(
                    [pictures.amplitude.halfPage, pictures.vanished.halfPage],
                    caption:
                        "Where the gradient of the softmax shrinks and that of the log-odds does not, the gradient is hidden, not gone. A point that is missing is exactly zero."
                ))
            blocks.append(
                .figure(
                    [pictures.gaps],
                    caption:
                        "The area of a block is its share of clean rows. Right of the line the cross entropy has no gradient left in single precision."
                ))
        }
        let amplitudes = try amplitudeChart(of: sweepModels(sweep))
        if let amplitudes { blocks.append(.figure([amplitudes], caption: Self.amplitudeCaption)) }
        return blocks
    }

    /// Nets of a sweep with their names for rows of a chart.
    private func sweepModels(_ sweep: SweepResults) -> [(label: String, checkpoint: String)] {
        (sweep.baseline.map { [("undistilled", $0.checkpoint)] } ?? [])
            + sweep.temperatures.map {
                ("T = \(NumberText.short($0.temperature))", $0.student.checkpoint)
            }
    }
}
