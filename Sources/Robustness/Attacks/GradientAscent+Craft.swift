// SPDX-License-Identifier: Apache-2.0

import Tensors
import Training

extension GradientAscent {
    /// Attacks all rows of `images` as `plan` says, on behalf of `attack`.
    ///
    /// - Throws: ``RobustnessError`` when images, ids, targets and model do not fit, the model fails,
    ///   or `progress` returns false.
    static func craft(
        _ plan: AscentPlan, for attack: some Attack,
        against classifier: any DifferentiableClassifier,
        images: LabelledImages, rowIDs: [Int], progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult {
        try check(plan: plan, classifier: classifier, images: images, rowIDs: rowIDs)
        let shape = Shape(trusted: [images.count] + images.imageShape.dimensions)
        do {
            let clean = try cleanPixels(of: images, rowIDs: rowIDs)
            var finished: GradientAscent?
            let examples = try ByteRegion(count: clean.count) { memory in
                let ascent = GradientAscent(
                    plan: plan, classifier: classifier, labels: images.labels, rowIDs: rowIDs,
                    clean: clean.floats, adversarial: memory.floats)
                try ascent.run(progress: progress)
                finished = ascent
            }
            guard let finished else { preconditionFailure("a region was made without its fill") }
            return try finished.result(
                of: attack, clean: Tensor(.f32, shape: shape, viewing: clean),
                adversarial: Tensor(.f32, shape: shape, viewing: examples))
        } catch let error as RobustnessError {
            throw error
        } catch {
            throw RobustnessError(.data, "\(error)")
        }
    }

    /// The pixels of all rows as `Float`.
    ///
    /// - Throws: ``RobustnessError`` naming the first row with a value outside the box.
    private static func cleanPixels(
        of images: LabelledImages, rowIDs: [Int]
    ) throws(RobustnessError) -> ByteRegion {
        let (count, pixelCount) = (images.count, images.pixelCount)
        let faults = FloatBuffer(count: count)
        let region = ByteRegion(count: count * pixelCount * 4) { memory in
            // Every row writes its own pixels and its own fault.
            nonisolated(unsafe) let pixels = memory.floats
            nonisolated(unsafe) let faults = faults.values
            forEachRowConcurrently(count) { row in
                let start = pixels + row * pixelCount
                images.copyPixels(ofRow: row, to: start)
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
                "row \(rowIDs[row]) has the pixel \(wrong), expected values from 0 to 1 (normalisation belongs to the model)"
            )
        }
        return region
    }

    private static func check(
        plan: AscentPlan, classifier: any DifferentiableClassifier, images: LabelledImages,
        rowIDs: [Int]
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
        guard classCount > 1 else {
            throw RobustnessError(.model, "the model has \(classCount) class, expected at least 2")
        }
        if let label = images.labels.first(where: { $0 >= classCount }) {
            throw RobustnessError(
                .model, "the data has the label \(label), the model only \(classCount) classes")
        }
        if case .fixed(let target) = plan.target, target >= classCount {
            throw RobustnessError(
                .specification,
                "the target \(target) is not one of the model's \(classCount) classes")
        }
    }

    /// The arrays of a finished run.
    private func result(
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
        return AdversarialResult(
            adversarial: adversarial, clean: clean, labels: records.map(\.label),
            targets: records.map { $0.target ?? -1 },
            statuses: records.map { $0.status ?? .failed }, margins: records.map(\.margin),
            distances: distances, rowIDs: rowIDs, queries: records.map(\.queries),
            gradients: records.map(\.gradients),
            zeroGradientRows: records.count { $0.zeroGradients > 0 }, wallSeconds: wallSeconds,
            threatModel: plan.threatModel, seed: plan.seed, attack: attack.json)
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
