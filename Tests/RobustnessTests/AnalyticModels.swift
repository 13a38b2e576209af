// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Training

@testable import Robustness

/// logits = scale * V tanh(W x + b) + c, or scale * (W x + b) without a hidden layer; sums in
/// double, each row on its own.
final class AnalyticModel: DifferentiableClassifier {
    let imageShape: Shape
    let classCount: Int
    let batchSize: Int
    let scale: Double
    /// (hidden, pixels) and (hidden), or (classes, pixels) and (classes) for a linear model.
    let first: (weight: [Float], bias: [Float])
    /// (classes, hidden) and (classes).
    let second: (weight: [Float], bias: [Float])?
    private(set) var forwardRows = 0
    private(set) var gradientRows = 0
    private(set) var batches: [Int] = []
    /// Rows whose first pixel is this get logits that are not finite.
    var poison: Float?

    init(
        imageShape: Shape, classCount: Int, batchSize: Int = 8, scale: Double = 1,
        first: (weight: [Float], bias: [Float]), second: (weight: [Float], bias: [Float])? = nil
    ) {
        self.imageShape = imageShape
        self.classCount = classCount
        self.batchSize = batchSize
        self.scale = scale
        self.first = first
        self.second = second
    }

    private func hidden(_ image: UnsafePointer<Float>) -> [Double] {
        let pixels = imageShape.elementCount
        return first.bias.indices.map { unit in
            var sum = Double(first.bias[unit])
            for index in 0..<pixels {
                sum += Double(first.weight[unit * pixels + index]) * Double(image[index])
            }
            return second == nil ? sum : tanh(sum)
        }
    }

    private func writeLogits(
        _ image: UnsafePointer<Float>, _ hidden: [Double], _ logits: UnsafeMutablePointer<Float>
    ) {
        for label in 0..<classCount {
            var value = hidden[second == nil ? label : 0]
            if let second {
                value = Double(second.bias[label])
                for (unit, activation) in hidden.enumerated() {
                    value += Double(second.weight[label * hidden.count + unit]) * activation
                }
            }
            logits[label] = image[0] == poison ? .nan : Float(scale * value)
        }
    }

    func logits(
        of images: UnsafeBufferPointer<Float>, count: Int,
        into logits: UnsafeMutableBufferPointer<Float>
    ) throws(TrainingError) {
        guard count <= batchSize else { throw TrainingError("a batch of \(count) rows") }
        forwardRows += count
        for row in 0..<count {
            let image = images.baseAddress! + row * imageShape.elementCount
            writeLogits(image, hidden(image), logits.baseAddress! + row * classCount)
        }
    }

    func inputGradient(
        of images: UnsafeBufferPointer<Float>, count: Int,
        into gradient: UnsafeMutableBufferPointer<Float>,
        logits: UnsafeMutableBufferPointer<Float>,
        lossGradient: (UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
    ) throws(TrainingError) {
        try self.logits(of: images, count: count, into: logits)
        forwardRows -= count
        gradientRows += count
        batches.append(count)
        let slopes = FloatBuffer(count: count * classCount)
        lossGradient(UnsafeBufferPointer(logits), slopes.values)
        let pixels = imageShape.elementCount
        for row in 0..<count {
            let activations = hidden(images.baseAddress! + row * pixels)
            var sums = activations.indices.map { unit in
                guard let second else {
                    return scale * Double(slopes.values[row * classCount + unit])
                }
                let slope = (0..<classCount).reduce(0.0) { sum, label in
                    sum + Double(slopes.values[row * classCount + label])
                        * Double(second.weight[label * activations.count + unit])
                }
                return scale * slope * (1 - activations[unit] * activations[unit])
            }
            if second == nil { sums = Array(sums.prefix(classCount)) }
            for index in 0..<pixels {
                var sum = 0.0
                for (unit, slope) in sums.enumerated() {
                    sum += slope * Double(first.weight[unit * pixels + index])
                }
                gradient[row * pixels + index] = Float(sum)
            }
        }
    }
}

/// scale * sin(a + b i + c i^2) for i in 0..<count, as Fixtures/robustness/make_parity.py has it.
func formula(_ count: Int, _ a: Double, _ b: Double, _ c: Double, _ scale: Double) -> [Float] {
    (0..<count).map { Float(scale * sin(a + b * Double($0) + c * Double($0) * Double($0))) }
}

/// The network of Fixtures/robustness/make_parity.py.
func parityNetwork(batchSize: Int = 8, scale: Double = 1) -> AnalyticModel {
    AnalyticModel(
        imageShape: [1, 6, 6], classCount: 5, batchSize: batchSize, scale: scale,
        first: (formula(16 * 36, 0.3, 1.7, 0.013, 0.5), formula(16, 0.1, 0.7, 0, 0.1)),
        second: (formula(5 * 16, 1.1, 2.3, 0.017, 1), formula(5, 0.9, 1.3, 0, 0.1)))
}

/// A linear model of `classCount` classes over 1 x 1 x `pixels` images.
func linearModel(
    pixels: Int, classCount: Int, batchSize: Int = 8, scale: Double = 1
) -> AnalyticModel {
    AnalyticModel(
        imageShape: [1, 1, pixels], classCount: classCount, batchSize: batchSize, scale: scale,
        first: (
            formula(classCount * pixels, 0.4, 1.9, 0.011, 0.2),
            formula(classCount, 0.2, 2.1, 0, 0.05)
        ))
}

/// Float images of a shape with their labels.
func labelled(
    _ pixels: [Float], shape: Shape, labels: [Int], classCount: Int
) throws -> LabelledImages {
    try LabelledImages(
        images: Tensor(
            pixels, shape: Shape(trusted: [labels.count] + shape.dimensions)), labels: labels,
        classCount: classCount)
}

/// Pseudo-random images in [lower, upper], labelled as `model` sees them.
func seenImages(
    _ model: AnalyticModel, count: Int, lower: Float = 0, upper: Float = 1
) throws -> LabelledImages {
    var stream = RandomStream(seed: 11, purpose: .test)
    let pixels = (0..<(count * model.imageShape.elementCount)).map { _ in
        stream.uniform(lower, upper)
    }
    let labels = try predictions(model, pixels)
    return try labelled(
        pixels, shape: model.imageShape, labels: labels, classCount: model.classCount)
}

func predictions(_ model: AnalyticModel, _ pixels: [Float]) throws -> [Int] {
    let perRow = model.imageShape.elementCount
    let logits = FloatBuffer(count: model.classCount)
    return try stride(from: 0, to: pixels.count, by: perRow).map { first in
        let image = FloatBuffer(count: perRow)
        for index in 0..<perRow { image.values[index] = pixels[first + index] }
        try model.logits(of: image.prefix(perRow), count: 1, into: logits.values)
        return LogitRow(values: logits.pointer(at: 0), classCount: model.classCount).prediction
            ?? -1
    }
}

/// A raw float32 file of Fixtures/robustness.
func recorded(_ name: String) throws -> [Float] {
    let data = try Data(contentsOf: URL(fileURLWithPath: fixture("robustness/\(name).f32")))
    return data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
}
