// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Reporting
import Robustness
import Tensors
import Training

extension ReportPage {
    /// The models with their sizes and accuracies; a picture where they differ in size.
    var modelBlocks: [HTMLPage.Block] {
        var table = HTMLTable(
            columns: [
                .init("model"), .init("architecture"), .init("parameters", .right),
                .init("trained with"), .init("test accuracy", .right),
                .init("against its teacher", .right), .init("digest"),
            ], rows: [])
        for model in models {
            table.rows.append([
                HTMLTable.Cell(model.name),
                HTMLTable.Cell(model.metadata["architecture"]?.stringValue ?? "-"),
                HTMLTable.Cell(NumberText.count(model.tensors.elementCount)),
                HTMLTable.Cell(training(of: model)),
                testAccuracy(of: model).map { HTMLTable.Cell(estimate($0)) } ?? "-",
                HTMLTable.Cell(againstTeacher(model)),
                HTMLTable.Cell(model.digest.short),
            ])
        }
        let sizes = Set(models.map(\.tensors.elementCount))
        guard sizes.count > 1 else { return [.table(table)] }
        return [
            .table(table),
            .figure(
                [sizeChart],
                caption: "Up and to the left is better: the same accuracy from fewer parameters."),
        ]
    }

    private var sizeChart: ScatterChart {
        ScatterChart(
            "Accuracy against size",
            xAxis: Axis("parameters", scale: .logarithmic, format: .integer),
            yAxis: Axis("test accuracy", format: .percent),
            kinds: ["trained on labels", "distilled"],
            items: models.compactMap { model in
                testAccuracy(of: model).map {
                    .init(
                        model.name, x: Double(model.tensors.elementCount), y: estimate($0),
                        kind: model.metadata["distillation"] == nil ? 0 : 1)
                }
            })
    }

    private func testAccuracy(of model: Checkpoint) -> Rate? {
        let metrics = model.metadata["metrics"]
        guard let share = metrics?["test_accuracy"]?.doubleValue,
            let total = metrics?["test_rows"]?.integerValue
        else { return nil }
        return Rate(Int((share * Double(total)).rounded()), of: total)
    }

    /// `+0.3 points of teacher`, where the soft labels a model learned from name one in the store.
    private func againstTeacher(_ model: Checkpoint) -> String {
        let origins = store.lineage.origins(of: model.digest).map(\.origin)
        let caches = store.softLabels.filter { origins.contains($0.digest) }
        let teachers = caches.flatMap { store.lineage.origins(of: $0.digest).map(\.origin) }
        guard let teacher = store.checkpoints.first(where: { teachers.contains($0.digest) }),
            let other = try? store.checkpoint(named: teacher.name.description),
            let own = testAccuracy(of: model)?.value, let its = testAccuracy(of: other)?.value
        else { return "-" }
        let points = (own - its) * 100
        return "\(points < 0 ? "−" : "+")\(NumberText.fixed(abs(points))) points"
    }

    /// The loss in a few words; its weights stand under "Recipes".
    private func training(of model: Checkpoint) -> String {
        guard let loss = try? Loss(json: model.metadata["recipe"]?["loss"] ?? .null) else {
            return "-"
        }
        let teacher = model.metadata["distillation"] == nil ? "" : "cached logits, "
        switch loss {
        case .crossEntropy(let temperature):
            return
                "\(teacher.isEmpty ? "labels" : "the teacher's classes"), T = \(NumberText.short(temperature))"
        case .softCrossEntropy(let temperature):
            return teacher + "defensive, T = \(NumberText.short(temperature))"
        case .hinton(let alpha, let temperature):
            return teacher
                + "Hinton, alpha = \(NumberText.short(alpha)), T = \(NumberText.short(temperature))"
        case .logitMatching: return teacher + "logit matching"
        }
    }
}
