// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Reporting
import Robustness
import Tensors
import Training

extension ReportPage {
    static let amplitudeCaption: RichText =
        "Clean rows by the mean size of their gradient: dF/dx of the softmax at T = 1 as attacks see it in single precision, and of the log-odds. A bar that turns orange has no gradient at all; where only the softmax's does, the gradient is hidden, not gone."

    /// Of the models that were judged; nil where nobody measured it.
    var amplitudeChart: StackedBarChart? {
        Self.chart(
            outcome.signs.compactMap { signs in signs.amplitude.map { (signs.checkpoint, $0) } })
    }

    /// Of stored models with labels of their own, on the clean rows of a set made for them.
    func amplitudeChart(
        of models: [(label: String, checkpoint: String)]
    ) throws -> StackedBarChart? {
        Self.chart(
            try models.compactMap { label, name in
                let checkpoint = try store.checkpoint(named: name)
                let own = try store.adversarialSets.map {
                    try store.adversarialSet(named: $0.name.description)
                }.filter { $0.sourceDigest == checkpoint.digest }
                // Sets with several targets hold each image several times.
                let variety = own.map { Set($0.rowIndex.prefix(Self.amplitudeRows)).count }
                guard let most = variety.max(), let place = variety.firstIndex(of: most) else {
                    return nil
                }
                let set = own[place]
                let classifier = try checkpoint.classifier(in: store.path)
                let count = min(set.count, Self.amplitudeRows)
                let images = try LabelledImages(
                    images: set.clean(rows: 0..<count), labels: Array(set.labels.prefix(count)),
                    classCount: classifier.classCount)
                return (
                    label,
                    try GradientAmplitude.measure(classifier, images: images, limit: count)
                )
            })
    }

    private static let amplitudeRows = 100

    private static func chart(_ measured: [(String, GradientAmplitude)]) -> StackedBarChart? {
        guard !measured.isEmpty else { return nil }
        let edges = GradientAmplitude.edges.map { NumberText.short($0, digits: 2) }
        let inner = zip(edges, edges.dropFirst()).map { "\($0) to \($1)" }
        func counts(_ histogram: Histogram) -> [Double] {
            ([histogram.zeros, histogram.below] + histogram.counts + [histogram.above])
                .map(Double.init)
        }
        return StackedBarChart(
            "Size of the input gradient", label: "share of clean rows",
            parts: ["exactly 0", "below \(edges[0])"] + inner + [
                "\(edges[edges.count - 1]) and more"
            ],
            specialParts: [0],
            rows: measured.flatMap { name, amplitude in
                [
                    StackedBarChart.Row("\(name), softmax", counts(amplitude.softmax)),
                    StackedBarChart.Row("\(name), log-odds", counts(amplitude.logOdds)),
                ]
            })
    }
}
