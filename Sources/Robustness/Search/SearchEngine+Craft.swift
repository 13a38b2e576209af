// SPDX-License-Identifier: Apache-2.0

import Tensors
import Training

extension Attack {
    /// Attacks all rows of `images` with one search for each.
    ///
    /// - Throws: ``RobustnessError`` when images, ids, targets and model do not fit, the model fails,
    ///   or `progress` returns false.
    func craft<Search: RowSearch>(
        _ plan: SearchPlan, against classifier: any DifferentiableClassifier,
        images: LabelledImages, rowIDs: [Int], progress: (AttackProgress) -> Bool,
        makeSearch: @escaping (AttackRow) -> Search
    ) throws(RobustnessError) -> AdversarialResult {
        try plan.check(classifier: classifier, images: images, rowIDs: rowIDs)
        do {
            let records = plan.target.records(
                labels: images.labels, rowIDs: rowIDs, classCount: classifier.classCount,
                variants: plan.variants)
            let copies = records.count / max(images.count, 1)
            let clean = try images.cleanPixels(rowIDs: rowIDs, copies: copies)
            let shape = Shape(trusted: [records.count] + images.imageShape.dimensions)
            var finished: SearchEngine<Search>?
            let examples = try ByteRegion(count: clean.count) { memory in
                let engine = SearchEngine(
                    plan: plan, classifier: classifier, records: records, clean: clean.floats,
                    adversarial: memory.floats, makeSearch: makeSearch)
                try engine.run(progress: progress)
                finished = engine
            }
            guard let finished else { preconditionFailure("a region was made without its fill") }
            return try finished.result(
                of: self, clean: Tensor(.f32, shape: shape, viewing: clean),
                adversarial: Tensor(.f32, shape: shape, viewing: examples))
        } catch let error as RobustnessError {
            throw error
        } catch {
            throw RobustnessError(.data, "\(error)")
        }
    }
}

extension LabelledImages {
    /// The pixels of all rows as `Float`, each image `copies` times in a row.
    ///
    /// - Throws: ``RobustnessError`` naming the first row with a value outside the box.
    fileprivate func cleanPixels(rowIDs: [Int], copies: Int) throws(RobustnessError) -> ByteRegion {
        let (count, pixelCount) = (count * copies, pixelCount)
        let faults = FloatBuffer(count: count)
        let region = ByteRegion(count: count * pixelCount * 4) { memory in
            // Every row writes its own pixels and its own fault.
            nonisolated(unsafe) let pixels = memory.floats
            nonisolated(unsafe) let faults = faults.values
            forEachRowConcurrently(count) { row in
                let start = pixels + row * pixelCount
                copyPixels(ofRow: row / copies, to: start)
                var isInside = SIMDMask<SIMD8<Int32>>(repeating: true)
                for index in stride(from: 0, to: pixelCount, by: 8) {
                    let values = start.eightFloats(index, min(8, pixelCount - index))
                    isInside = isInside .& (values .>= 0) .& (values .<= 1)
                }
                faults[row] = all(isInside) ? 0 : 1
            }
        }
        if let row = faults.values.firstIndex(of: 1) {
            let pixels = UnsafeBufferPointer(
                start: region.floats + row * pixelCount, count: pixelCount)
            let wrong = pixels.first { !ThreatModel.box.contains($0) } ?? .nan
            throw RobustnessError(
                .data,
                "row \(rowIDs[row / copies]) has the pixel \(wrong), expected values from 0 to 1 (normalisation belongs to the model)"
            )
        }
        return region
    }

}

extension SearchPlan {
    fileprivate func check(
        classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int]
    ) throws(RobustnessError) {
        guard images.imageShape == classifier.imageShape else {
            throw RobustnessError(
                .model,
                "the model takes images of shape \(classifier.imageShape), the data has \(images.imageShape)"
            )
        }
        guard rowIDs.count == images.count, rowIDs.allSatisfy({ (0..<1 << 40).contains($0) }) else {
            throw RobustnessError(
                .data, "\(images.count) images have \(rowIDs.count) row numbers, or one is negative"
            )
        }
        let classCount = classifier.classCount
        guard classCount >= minimumClassCount else {
            throw RobustnessError(
                .model,
                "the model has \(classCount) classes, the attack needs at least \(minimumClassCount)"
            )
        }
        if let label = images.labels.first(where: { $0 >= classCount }) {
            throw RobustnessError(
                .model, "the data has the label \(label), the model only \(classCount) classes")
        }
        if case .fixed(let target) = target, target >= classCount {
            throw RobustnessError(
                .specification,
                "the target \(target) is not one of the model's \(classCount) classes")
        }
    }

}

extension AttackTarget {
    /// One record a row and variant, or one for every row and class that is not its label.
    fileprivate func records(
        labels: [Int], rowIDs: [Int], classCount: Int, variants: Int
    ) -> [RowRecord] {
        zip(labels, rowIDs).flatMap { label, rowID in
            guard self == .all else {
                return (0..<variants).map {
                    RowRecord(label: label, rowID: rowID, variant: $0)
                }
            }
            return (0..<classCount).filter { $0 != label }.map {
                RowRecord(label: label, rowID: rowID, target: $0)
            }
        }
    }
}

extension SearchEngine {
    /// The arrays of a finished run.
    func result(
        of attack: some Attack, clean: Tensor, adversarial: Tensor
    ) -> AdversarialResult {
        let (norm, pixelCount, count) = (plan.threatModel.norm, pixelCount, records.count)
        nonisolated(unsafe) let (left, right) = (self.clean, UnsafePointer(self.adversarial))
        let distances = [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
            nonisolated(unsafe) let output = buffer
            forEachRowConcurrently(count) { row in
                let distance = ThreatModel.distance(
                    norm, left + row * pixelCount, right + row * pixelCount, count: pixelCount)
                output.initializeElement(at: row, to: distance)
            }
            initialized = count
        }
        let stages = records.contains { $0.stage != nil } ? records.map(\.stage) : []
        return AdversarialResult(
            adversarial: adversarial, clean: clean, labels: records.map(\.label),
            targets: records.map { $0.target ?? -1 },
            statuses: records.map { $0.status ?? .failed }, margins: records.map(\.margin),
            distances: distances, rowIDs: records.map(\.rowID), queries: records.map(\.queries),
            gradients: records.map(\.gradients),
            zeroGradientRows: records.count { $0.sawZeroGradient }, stages: stages,
            stageNames: attack.stageNames,
            wallSeconds: wallSeconds, threatModel: plan.threatModel, seed: plan.seed,
            attack: attack.json)
    }
}

extension ByteRegion {
    /// The bytes as 64-byte aligned floats.
    var floats: UnsafePointer<Float> {
        UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped).assumingMemoryBound(to: Float.self)
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate var floats: UnsafeMutablePointer<Float> {
        baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: Float.self)
    }
}
