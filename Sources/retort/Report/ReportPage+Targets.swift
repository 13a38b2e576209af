// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Reporting
import Robustness
import Tensors

extension ReportPage {
    /// Sets that aim at every class: success and cost by source and target, and the pictures.
    func targetBlocks() throws -> [HTMLPage.Block] {
        let targeted = whiteBox.filter { $0.targetMatrix.map { $0.classCount <= 20 } ?? false }
        return try targeted.prefix(3).flatMap { evaluation -> [HTMLPage.Block] in
            guard let matrix = evaluation.targetMatrix else { return [] }
            let names = classNames(matrix.classCount)
            let title = "\(evaluation.checkpoint), \(AttackLabel(evaluation.attack).text)"
            func map(
                _ what: String, _ format: Axis.Format, scale: Double?,
                _ value: (TargetMatrix.Cell) -> Double?
            ) -> HeatMap {
                var map = HeatMap(
                    "\(title): \(what)", rowAxis: "source", columnAxis: "target", rowNames: names,
                    columnNames: names, values: matrix.cells.map { $0.map(value) }, format: format,
                    fullScale: scale)
                map.width = SVG.halfPageWidth
                return map
            }
            var blocks: [HTMLPage.Block] = [
                .figure(
                    [
                        map("success", .percent, scale: 1) { $0.success.value },
                        map("mean features changed", .number, scale: nil) { $0.meanFeatures },
                    ],
                    caption: RichText(
                        "Set \(evaluation.set). Easy targets are full columns on the left; how much has to be changed stands on the right, over the attacks that succeeded."
                    ))
            ]
            if let grid = try imageGrid(evaluation, title: title, names: names) {
                blocks.append(
                    .figure(
                        [grid],
                        caption:
                            "One image of each class (framed) turned into every other. A cross marks what the model still does not take for the target."
                    ))
            }
            return blocks
        }
    }

    /// One source image for each class with the example for each target; nil where too few are
    /// stored.
    private func imageGrid(
        _ evaluation: Evaluation, title: String, names: [String]
    ) throws -> ImageGrid? {
        let set = try store.adversarialSet(named: evaluation.set)
        let shape = Shape(trusted: Array(set.shape.dimensions.dropFirst()))
        guard shape.rank == 3 else { return nil }
        let chosen = names.indices.map { source(of: $0, in: evaluation) }
        guard chosen.filter({ $0 != nil }).count > 1 else { return nil }
        func picture(_ tensor: Tensor) throws -> PixelImage {
            PixelImage(try tensor.floats(), shape: shape)
        }
        let cells = try chosen.enumerated().map { label, rowID in
            try names.indices.map { target -> ImageGrid.Cell? in
                guard let rowID else { return nil }
                let rows = evaluation.rowIDs.indices.filter { evaluation.rowIDs[$0] == rowID }
                if label == target {
                    guard let row = rows.first else { return nil }
                    return ImageGrid.Cell(
                        try picture(try set.clean(rows: row..<(row + 1))), mark: .framed,
                        text: "clean")
                }
                guard let row = rows.first(where: { evaluation.outcomes[$0].target == target })
                else { return nil }
                let outcome = evaluation.outcomes[row]
                return ImageGrid.Cell(
                    try picture(try set.adversarial(rows: row..<(row + 1))),
                    mark: outcome.isTargetReached ? .none : .failed,
                    text: outcome.isTargetReached ? "\(outcome.features) features" : "failed")
            }
        }
        return ImageGrid(
            "\(title): every class turned into every other", rowAxis: "source",
            columnAxis: "target", rowNames: names, columnNames: names, cells: cells)
    }

    /// The image of a class that most targets were tried on, and of those the one with most
    /// successes.
    private func source(of label: Int, in evaluation: Evaluation) -> Int? {
        var counts: [Int: (tried: Int, reached: Int)] = [:]
        for (outcome, rowID) in zip(evaluation.outcomes, evaluation.rowIDs)
        where outcome.label == label && outcome.isCleanCorrect && outcome.target >= 0 {
            counts[rowID, default: (0, 0)].tried += 1
            counts[rowID, default: (0, 0)].reached += outcome.isTargetReached ? 1 : 0
        }
        return counts.min {
            (-$0.value.tried, -$0.value.reached, $0.key)
                < (-$1.value.tried, -$1.value.reached, $1.key)
        }?.key
    }
}
