// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Training

/// A fixture written by a `make.py`, as JSON.
func jsonFixture(_ path: String) throws -> JSON {
    try JSON(parsing: String(contentsOfFile: fixture(path), encoding: .utf8))
}

extension JSON {
    var floats: [Float] { (arrayValue ?? []).map { Float($0.doubleValue ?? .nan) } }
}

/// Evaluates a loss over arrays.
func evaluate(
    _ loss: Loss, logits: [Float], labels: [Int32], classes: Int, soft: [Float]? = nil
) throws -> (value: LossValue, gradient: [Float]) {
    var gradient = [Float](repeating: .nan, count: logits.count)
    let value = try gradient.withUnsafeMutableBufferPointer { gradient in
        try logits.withUnsafeBufferPointer { logits in
            try labels.withUnsafeBufferPointer { labels in
                try (soft ?? []).withUnsafeBufferPointer { values in
                    try loss.evaluate(
                        logits: logits, count: labels.count, classes: classes,
                        targets: LossTargets(labels: labels, soft: soft == nil ? nil : values),
                        gradient: gradient)
                }
            }
        }
    }
    return (value, gradient)
}

/// Flat grey images whose rows are all different, with labels that go round the classes.
func plainImages(count: Int, classes: Int = 10, side: Int = 4, shiftedBy offset: Int = 0)
    -> LabelledImages
{
    let pixels = (0..<count).flatMap { row in
        (0..<(side * side)).map { UInt8(truncatingIfNeeded: (row + offset) * 7 + $0 * 3) }
    }
    let images = Tensor(trusted: .u8, shape: [count, 1, side, side], values: pixels)
    do {
        return try LabelledImages(
            images: images, labels: (0..<count).map { $0 % classes }, classCount: classes)
    } catch {
        preconditionFailure("\(error)")
    }
}

/// A cache of made-up logits for `images`.
func cache(
    _ logits: [Float], for images: LabelledImages, augmentation: AppliedAugmentation? = nil
) throws -> TeacherLogits {
    try TeacherLogits(
        logits: Tensor(logits, shape: [images.count, images.classCount]),
        rowDigests: images.rowDigests(), augmentation: augmentation)
}

func normals(_ count: Int, scale: Float = 1, seed: UInt64 = 1) -> [Float] {
    var random = RandomStream(seed: seed, purpose: .test)
    return (0..<count).map { _ in scale * random.normal() }
}
