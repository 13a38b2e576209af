// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Reporting
import Tensors

extension ReportPage {
    /// What a teacher's stored logits say beyond the class, at several temperatures.
    func darkKnowledgeBlocks() throws -> [HTMLPage.Block] {
        let caches = try store.softLabels.prefix(Self.cacheLimit).map {
            try store.softLabels(named: $0.name.description)
        }.filter { $0.classCount <= 20 && $0.count > 0 }
        guard !caches.isEmpty else { return [] }
        let charts = try caches.flatMap(darkKnowledge)
        return [
            .paragraph(
                "The cache holds logits, so the temperature is still free. At T = 1 a confident teacher says no more than the label; a higher temperature shows which classes it finds alike, and that is what a student learns from it."
            ),
            .figure(
                charts,
                caption:
                    "The teacher's probabilities for a typical row (median logit gap) and for one it hesitates over. The predicted class is hatched."
            ),
        ]
    }

    private static let cacheLimit = 2
    private static let temperatures = [1.0, 5, 20, 100]
    /// Rows looked at for a typical one.
    private static let rowLimit = 1_000

    private func darkKnowledge(_ cache: SoftLabels) throws -> [BarMatrix] {
        let count = min(cache.count, Self.rowLimit)
        let values = try cache.logits(rows: 0..<count).floats().map(Double.init)
        let rows = (0..<count).map { row in
            SoftLabelRow(Array(values[(row * cache.classCount)..<((row + 1) * cache.classCount)]))
        }
        let ordered = rows.indices.sorted { (rows[$0].gap, $0) < (rows[$1].gap, $1) }
        let numbers = try cache.rowIndex()
        let names = classNames(cache.classCount)
        let chosen = [
            ("typical", ordered[count / 2]), ("hesitant", ordered[count / 50]),
        ]
        return chosen.map { word, row in
            let columns = Self.temperatures.map { rows[row].probabilities(at: $0) }
            return BarMatrix(
                "\(cache.name), row \(numbers[row]), \(word)", rowNames: names,
                columnNames: Self.temperatures.map { "T = \(NumberText.short($0))" },
                values: names.indices.map { label in columns.map { $0[label] } },
                stressedRow: rows[row].prediction)
        }
    }
}
