// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The losses of one row: each function returns the loss and adds its derivative to `gradient`.
///
/// The derivative of the class with most weight is always minus the sum of the others. The textbook
/// p_y - 1 rounds to 0 in `Float` once the logit gap passes 17, which is where every net trained
/// at a high temperature lives.
struct LossRow {
    let logits: UnsafePointer<Float>
    let classes: Int
    let label: Int
    let soft: UnsafePointer<Float>?
    /// (classes)
    let gradient: UnsafeMutablePointer<Double>
    private let probabilities: UnsafeMutablePointer<Double>

    /// - Parameter scratch: room for 3 `classes` values.
    init(
        logits: UnsafePointer<Float>, classes: Int, label: Int, soft: UnsafePointer<Float>?,
        scratch: UnsafeMutablePointer<Double>
    ) {
        self.logits = logits
        self.classes = classes
        self.label = label
        self.soft = soft
        gradient = scratch
        probabilities = scratch + classes
        gradient.initialize(repeating: 0, count: classes)
        probabilities.initialize(repeating: 0, count: 2 * classes)
    }

    mutating func forwardBackward(_ loss: Loss) -> Double {
        switch loss {
        case .crossEntropy(let temperature):
            return crossEntropy(temperature: temperature, weight: 1)
        case .softCrossEntropy(let temperature):
            guard let soft else { return .nan }
            return softCrossEntropy(soft, temperature: temperature, weight: 1)
        case .hinton(let alpha, let temperature):
            guard let soft else { return .nan }
            let hard = alpha == 1 ? 0 : crossEntropy(temperature: 1, weight: 1 - alpha)
            let weight = alpha * temperature * temperature
            // KL is the cross entropy less the teacher's own entropy, a constant.
            let cross = softCrossEntropy(soft, temperature: temperature, weight: weight)
            return hard + cross - weight * entropy(soft)
        case .logitMatching:
            guard let soft else { return .nan }
            return logitMatching(soft)
        }
    }

    /// weight * CE(z / T, y); d/dz_j = weight / T * p_j for j != y.
    private func crossEntropy(temperature: Double, weight: Double) -> Double {
        let row = SoftmaxRow(
            logits, count: classes, temperature: temperature, into: probabilities)
        let scale = weight / temperature
        var others = 0.0
        for index in 0..<classes where index != label {
            let slope = scale * probabilities[index]
            gradient[index] += slope
            others += slope
        }
        gradient[label] -= others
        let gap = Double(logits[row.largest]) - Double(logits[label])
        return weight * (gap / temperature + row.logPartition)
    }

    /// weight * CE(z / T, targets); d/dz_j = weight / T * (p_j - targets_j).
    private func softCrossEntropy(
        _ targets: UnsafePointer<Float>, temperature: Double, weight: Double
    ) -> Double {
        let row = SoftmaxRow(
            logits, count: classes, temperature: temperature, into: probabilities)
        let scale = weight / temperature
        let top = Double(logits[row.largest])
        let heaviest = SoftmaxRow.argmax(targets, count: classes)
        var others = 0.0
        var loss = 0.0
        for index in 0..<classes {
            let target = Double(targets[index])
            let gap = (top - Double(logits[index])) / temperature
            loss += target * (gap + row.logPartition)
            guard index != heaviest else { continue }
            let slope = scale * (probabilities[index] - target)
            gradient[index] += slope
            others += slope
        }
        gradient[heaviest] -= others
        return weight * loss
    }

    /// - sum t log t, with 0 log 0 = 0.
    private func entropy(_ targets: UnsafePointer<Float>) -> Double {
        var sum = 0.0
        for index in 0..<classes where targets[index] > 0 {
            let target = Double(targets[index])
            sum -= target * log(target)
        }
        return sum
    }

    /// 1/2 |z - mean z - t|^2, t centred; its derivative sums to 0, so the mean of z is free.
    private func logitMatching(_ targets: UnsafePointer<Float>) -> Double {
        var mean = 0.0
        var targetMean = 0.0
        for index in 0..<classes {
            mean += Double(logits[index])
            targetMean += Double(targets[index])
        }
        mean /= Double(classes)
        targetMean /= Double(classes)
        var loss = 0.0
        for index in 0..<classes {
            let difference =
                (Double(logits[index]) - mean) - (Double(targets[index]) - targetMean)
            gradient[index] += difference
            loss += difference * difference / 2
        }
        return loss
    }
}
