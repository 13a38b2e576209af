// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Tensors
import Training

/// Runs the searches of many rows side by side.
///
/// The rows at work are packed to the front of one batch, and a row that ends makes room for the
/// next one, so that the model always works on full batches.
final class SearchEngine<Search: RowSearch> {
    let plan: SearchPlan
    let classifier: any DifferentiableClassifier
    let makeSearch: (AttackRow) -> Search
    let pixelCount: Int
    let classCount: Int
    /// Rows at work at once.
    let capacity: Int

    var records: [RowRecord]
    /// (N, C, H, W): clean images, and the examples found.
    let clean: UnsafePointer<Float>
    let adversarial: UnsafeMutablePointer<Float>

    /// The searches at work; position p looks at point p.
    var searches: [ActiveSearch<Search>] = []
    let points: FloatBuffer
    let batch: SearchBatch

    /// Rows that have yet to begin, last first.
    var waiting: [Int] = []
    var finishedRows = 0
    var gradientEvaluations = 0
    var wallSeconds = 0.0

    /// - Parameters:
    ///   - clean: (N, C, H, W), inside the box; `adversarial`, as large, is written by ``run``. Both
    ///     outlive this object.
    init(
        plan: SearchPlan, classifier: any DifferentiableClassifier, records: [RowRecord],
        clean: UnsafePointer<Float>, adversarial: UnsafeMutablePointer<Float>,
        makeSearch: @escaping (AttackRow) -> Search
    ) {
        self.plan = plan
        self.classifier = classifier
        self.makeSearch = makeSearch
        self.clean = clean
        self.adversarial = adversarial
        self.records = records
        pixelCount = classifier.imageShape.elementCount
        classCount = classifier.classCount
        capacity = max(1, min(classifier.batchSize, records.count))
        points = FloatBuffer(count: capacity * pixelCount)
        batch = SearchBatch(classifier: classifier, capacity: capacity)
    }

    /// Searches all rows.
    ///
    /// - Throws: ``RobustnessError`` when the model fails or `progress` returns false.
    func run(progress: (AttackProgress) -> Bool) throws(RobustnessError) {
        let start = DispatchTime.now()
        if plan.looksFirst { try judgeCleanRows() } else { setTargets() }
        waiting = records.indices.filter { records[$0].status == nil }.reversed()
        finishedRows = records.count - waiting.count
        while !waiting.isEmpty || !searches.isEmpty {
            askAll()
            try answer(.logits)
            try answer(.gradients(0))
            let state = AttackProgress(
                finishedRows: finishedRows, rows: records.count,
                gradientEvaluations: gradientEvaluations)
            guard progress(state) else {
                throw RobustnessError(
                    .stopped, "stopped after \(finishedRows) of \(records.count) rows")
            }
        }
        let elapsed = DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds
        wallSeconds = Double(elapsed) * 1e-9
    }

    private func begin(_ row: Int) {
        let record = records[row]
        let start = AttackRow(
            clean: clean + row * pixelCount, count: pixelCount, label: record.label,
            target: record.target, rowID: record.rowID, classCount: classCount,
            cleanLogits: record.cleanLogits, variant: record.variant)
        searches.append(ActiveSearch(row: row, search: makeSearch(start)))
    }

    /// Lets every search write its next point. Those that have ended make room for others.
    private func askAll() {
        var first = 0
        repeat {
            while searches.count < capacity, let row = waiting.popLast() { begin(row) }
            ask(from: first)
            first = searches.count
        } while first < capacity && !waiting.isEmpty
    }

    private func ask(from first: Int) {
        let (pixelCount, run) = (pixelCount, rowsAThread)
        nonisolated(unsafe) let points = points
        searches.withUnsafeMutableBufferPointer { buffer in
            nonisolated(unsafe) let searches = buffer
            forEachRowConcurrently(searches.count - first, run: run) { index in
                let position = first + index
                searches[position].ask(at: points.pointer(at: position * pixelCount))
            }
        }
        // Backwards, because an ended search is replaced by the last one, which is then done.
        for position in (first..<searches.count).reversed()
        where searches[position].question == nil {
            finish(searches[position])
            let last = searches.count - 1
            if position != last {
                points.pointer(at: position * pixelCount).update(
                    from: points.pointer(at: last * pixelCount), count: pixelCount)
                searches[position] = searches[last]
            }
            searches.removeLast()
        }
    }

    /// Long searches of few rows are worth a thread each.
    private var rowsAThread: Int { max(1, min(32, searches.count / 4)) }

    /// Puts all questions of one kind to the model and hands the answers on.
    private func answer(_ kind: RowQuestion) throws(RobustnessError) {
        let positions = searches.indices.filter {
            (searches[$0].question == .logits) == (kind == .logits)
        }
        guard !positions.isEmpty else { return }
        try batch.ask(positions, of: searches, points: points)
        let seedCount = batch.seedCount
        if seedCount > 0 { gradientEvaluations += positions.count }
        for position in positions {
            let search = searches[position]
            records[search.row].queries += 1
            records[search.row].gradients += search.seedCount
        }
        try judgeFirstAnswers(positions)
        let run = rowsAThread
        nonisolated(unsafe) let batch = batch
        searches.withUnsafeMutableBufferPointer { buffer in
            nonisolated(unsafe) let searches = buffer
            forEachRowConcurrently(positions.count, run: run) { index in
                searches[positions[index]].hear(batch.answer(index))
            }
        }
    }

    /// Where the clean image was not looked at before, the first answer is about it.
    private func judgeFirstAnswers(_ positions: [Int]) throws(RobustnessError) {
        guard !plan.looksFirst else { return }
        for (index, position) in positions.enumerated() {
            let row = searches[position].row
            guard records[row].isCleanCorrect == nil else { continue }
            try judgeClean(row, logits: batch.answer(index).logits)
            if records[row].status != nil {
                searches[position].isCancelled = true
            }
        }
    }
}

/// A search at work.
struct ActiveSearch<Search: RowSearch> {
    let row: Int
    var search: Search
    var question: RowQuestion?
    /// Whether the row turned out not to be attacked after all.
    var isCancelled = false

    init(row: Int, search: Search) {
        self.row = row
        self.search = search
    }

    mutating func ask(at point: UnsafeMutablePointer<Float>) {
        question = isCancelled ? nil : search.ask(at: point)
    }

    mutating func hear(_ answer: RowAnswer) {
        if !isCancelled { search.hear(answer) }
    }
}
