// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Reporting
import Tensors
import Training

extension ReportPage {
    /// Loss and accuracy over the epochs of every model.
    var trainingBlocks: [HTMLPage.Block] {
        let histories = models.map { model in
            // The whole run is in its last epoch, which the model's name need not be.
            let last = store.checkpoints.last {
                $0.name.base == model.name && $0.name.epoch != nil
            }
            let newest = last.flatMap { try? store.checkpoint(named: $0.name.description) } ?? model
            let records = (newest.metadata["history"]?.arrayValue ?? []).compactMap {
                try? EpochRecord(json: $0)
            }
            return (model.name, records)
        }.filter { !$0.1.isEmpty }
        guard !histories.isEmpty else { return [.paragraph("No training history is stored.")] }
        func series(
            _ name: String, _ records: [EpochRecord], colour: Int, isDashed: Bool,
            _ value: (EpochRecord) -> Double?
        ) -> LineChart.Series {
            let points = records.compactMap { record in
                value(record).map { LineChart.Point(x: Double(record.epoch), y: $0) }
            }
            return LineChart.Series(name, points, isDashed: isDashed, colour: colour)
        }
        let accuracy = histories.enumerated().flatMap { colour, run in
            [
                series("\(run.0), validation", run.1, colour: colour, isDashed: false) {
                    $0.validationAccuracy
                },
                series("\(run.0), training", run.1, colour: colour, isDashed: true) {
                    $0.trainingAccuracy
                },
            ]
        }
        let loss = histories.enumerated().map { colour, run in
            series(run.0, run.1, colour: colour, isDashed: false) { $0.trainingLoss }
        }
        let epochs = Axis("epoch", format: .integer)
        return [
            .figure(
                [
                    LineChart(
                        "Accuracy", xAxis: epochs, yAxis: Axis("accuracy", format: .percent),
                        series: accuracy
                    ).halfPage,
                    LineChart(
                        "Training loss (each model's own)", xAxis: epochs, yAxis: Axis("loss"),
                        series: loss
                    ).halfPage,
                ],
                caption:
                    "The epoch with the best accuracy on held-out training rows is kept; test rows have no part in the choice."
            ),
            .folded("Recipes", models.map { .verbatim(recipe($0)) }),
        ]
    }

    private func recipe(_ model: Checkpoint) -> String {
        let recipe: JSON = model.metadata["recipe"] ?? .null
        let data = model.metadata["data"]?.stringValue ?? "unknown data"
        return "\(model.name), on \(data)\n\(recipe.text(pretty: true))"
    }

    /// The lineage as a drawing. Sets are drawn once for each model they were made against.
    var lineageBlocks: [HTMLPage.Block] {
        let lineage = store.lineage
        let sets = lineage.nodes.filter { $0.kind == .adversarialSet }
        let hidden = Set(sets.map(\.digest))
        let epochs = Set(
            lineage.nodes.filter { node in
                node.kind == .checkpoint && node.names.allSatisfy { $0.contains("@") }
                    && lineage.derivatives(of: node.digest).isEmpty
            }.map(\.digest))
        var nodes = lineage.nodes.filter {
            !hidden.contains($0.digest) && !epochs.contains($0.digest)
        }.map { node in
            LineageGraph.Node(
                id: node.digest.hexadecimal, title: title(node), detail: node.digest.short,
                kind: kind(node.kind))
        }
        var edges = lineage.edges.filter {
            !hidden.contains($0.derived) && !epochs.contains($0.derived)
        }.map { LineageGraph.Edge(from: $0.origin.hexadecimal, to: $0.derived.hexadecimal) }
        let bySource = Dictionary(grouping: sets) { node in
            lineage.origins(of: node.digest).first { $0.relation == .source }?.origin
        }
        for (source, group) in bySource {
            guard let source else { continue }
            let id = "sets-" + source.hexadecimal
            nodes.append(
                LineageGraph.Node(
                    id: id, title: group.count == 1 ? group[0].names[0] : "\(group.count) sets",
                    detail: "made against it", kind: .adversarialSet))
            edges.append(LineageGraph.Edge(from: source.hexadecimal, to: id))
        }
        let graph = LineageGraph("Lineage", nodes: nodes, edges: edges)
        var blocks: [HTMLPage.Block] = [
            .figure(
                [graph],
                caption: "An arrow means: made from. Boxes carry the first digits of their digests."
            ),
            .folded("Everything in the store", [.verbatim(LineageRendering(lineage).text)]),
        ]
        blocks += lineage.broken.compactMap { edge in
            lineage.node(edge.origin).map { .warning(RichText(LineageRendering.title($0))) }
        }
        return blocks
    }

    private func title(_ node: Checkpoints.Lineage.Node) -> String {
        if let name = node.names.first(where: { !$0.contains("@") }) ?? node.names.first {
            return name
        }
        return node.presence == .external ? "data" : "missing"
    }

    private func kind(_ kind: ObjectKind?) -> LineageGraph.Kind {
        switch kind {
        case .softLabels: .softLabels
        case .adversarialSet: .adversarialSet
        case .checkpoint: .checkpoint
        case .dataset, nil: .data
        }
    }
}
