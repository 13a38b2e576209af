// SPDX-License-Identifier: Apache-2.0

import Tensors
import Training

/// Questions packed for the model, and its answers.
final class SearchBatch {
    private let classifier: any DifferentiableClassifier
    private let pixelCount: Int
    private let classCount: Int
    private let capacity: Int
    /// Points of the latest questions where not all searches asked.
    private let packed: FloatBuffer
    private let logits: FloatBuffer
    /// (seed, row, C, H, W); grows to the most seeds ever asked for.
    private var gradients = FloatBuffer(count: 0)

    private var points: UnsafePointer<Float>
    private var count = 0
    /// Gradients a row of the latest questions; 0 when only logits were asked for.
    private(set) var seedCount = 0

    init(classifier: any DifferentiableClassifier, capacity: Int) {
        self.classifier = classifier
        self.capacity = capacity
        pixelCount = classifier.imageShape.elementCount
        classCount = classifier.classCount
        packed = FloatBuffer(count: capacity * pixelCount)
        logits = FloatBuffer(count: capacity * classCount)
        points = UnsafePointer(packed.pointer(at: 0))
    }

    /// The answer to question `index` of the latest call, valid until the next one.
    func answer(_ index: Int) -> RowAnswer {
        let row = LogitRow(values: logits.pointer(at: index * classCount), classCount: classCount)
        let point = points + index * pixelCount
        guard seedCount > 0 else { return RowAnswer(point: point, logits: row) }
        return RowAnswer(
            point: point, logits: row,
            gradients: UnsafePointer(gradients.pointer(at: index * pixelCount)),
            stride: count * pixelCount)
    }

    /// The logits of clean images.
    ///
    /// - Throws: ``RobustnessError`` when the model fails.
    func forward(_ images: UnsafePointer<Float>, count: Int) throws(RobustnessError) {
        (points, self.count, seedCount) = (images, count, 0)
        do throws(TrainingError) {
            try classifier.logits(
                of: UnsafeBufferPointer(start: images, count: count * pixelCount), count: count,
                into: logits.mutablePrefix(count * classCount))
        } catch {
            throw RobustnessError(.model, error.description)
        }
    }

    /// Asks the model what the searches at `positions` want to know, all of them of one kind.
    func ask<Search: RowSearch>(
        _ positions: [Int], of searches: [ActiveSearch<Search>], points all: FloatBuffer
    ) throws(RobustnessError) {
        gather(positions, outOf: searches.count, from: all)
        let seeds = positions.map { searches[$0].seedCount }
        let most = seeds.max() ?? 0
        guard most > 0 else { return try forward(points, count: positions.count) }
        (count, seedCount) = (positions.count, most)
        if gradients.values.count < most * count * pixelCount {
            gradients = FloatBuffer(count: most * capacity * pixelCount)
        }
        let classCount = classCount
        do throws(TrainingError) {
            try classifier.inputGradients(
                of: UnsafeBufferPointer(start: points, count: count * pixelCount), count: count,
                seedCount: most, into: gradients.mutablePrefix(most * count * pixelCount),
                logits: logits.mutablePrefix(count * classCount)
            ) { index, logits, output in
                guard let values = logits.baseAddress, let slopes = output.baseAddress else {
                    return
                }
                for (row, position) in positions.enumerated() where index < seeds[row] {
                    let offset = row * classCount
                    searches[position].search.writeSeed(
                        index, logits: LogitRow(values: values + offset, classCount: classCount),
                        into: slopes + offset)
                }
            }
        } catch {
            throw RobustnessError(.model, error.description)
        }
    }

    /// Brings the points that are asked about together, unless they are already.
    private func gather(_ positions: [Int], outOf searchCount: Int, from all: FloatBuffer) {
        guard positions.count < searchCount else {
            points = UnsafePointer(all.pointer(at: 0))
            return
        }
        for (row, position) in positions.enumerated() {
            packed.pointer(at: row * pixelCount).update(
                from: all.pointer(at: position * pixelCount), count: pixelCount)
        }
        points = UnsafePointer(packed.pointer(at: 0))
    }
}
