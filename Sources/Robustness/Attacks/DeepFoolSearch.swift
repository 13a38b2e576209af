// SPDX-License-Identifier: Apache-2.0

/// One row's way to the nearest boundary.
///
/// Linearises at the point that overshoots, as Foolbox does, so that one forward pass serves both
/// the decision and the gradients.
struct DeepFoolSearch: RowSearch {
    private let row: AttackRow
    private let isL2: Bool
    private let steps: Int
    private let reach: Float
    private let rivalCount: Int
    /// The classes with the largest logits of the clean image but the label; known once it has been
    /// looked at.
    private var rivals: [Int] = []
    private var image: [Float]
    /// The change so far without the overshoot, which multiplies all of it.
    private var change: [Float]
    private var stepsDone = 0
    private var found: RowFinding?

    init(_ attack: DeepFool, row: AttackRow) {
        self.row = row
        isL2 = attack.norm == .l2
        steps = attack.steps
        reach = Float(1 + attack.overshoot.value)
        rivalCount = min(attack.candidates, row.classCount) - 1
        image = Array(row.cleanPixels)
        change = [Float](repeating: 0, count: row.count)
    }

    mutating func ask(at point: UnsafeMutablePointer<Float>) -> RowQuestion? {
        guard found == nil else { return nil }
        image.withUnsafeBufferPointer { pixels in
            point.update(from: pixels.baseAddress.unsafelyUnwrapped, count: pixels.count)
        }
        return stepsDone == steps ? .logits : .gradients(rivalCount)
    }

    func writeSeed(_ index: Int, logits: LogitRow, into seed: UnsafeMutablePointer<Float>) {
        let rivals = rivals.isEmpty ? nearest(logits) : rivals
        seed[rivals[index]] = 1
        seed[row.label] = -1
    }

    private func nearest(_ logits: LogitRow) -> [Int] {
        Array(logits.order.filter { $0 != row.label }.prefix(rivalCount))
    }

    mutating func hear(_ answer: RowAnswer) {
        let logits = answer.logits
        guard logits.isFinite else {
            found = .nothing(.failed)
            return
        }
        if rivals.isEmpty { rivals = nearest(logits) }
        let margin = logits.margin(of: row.label)
        if margin < -logits.lastingLead {
            found = RowFinding(example: image, status: .success, margin: margin)
        } else if stepsDone == steps {
            found = .nothing(.failed)
        } else {
            stepsDone += 1
            step(answer)
        }
    }

    /// Goes to the nearest of the boundaries, a hair further so that it is not only approached.
    private mutating func step(_ answer: RowAnswer) {
        var nearest: (index: Int, distance: Double, size: Double)?
        let own = answer.logits.values[row.label]
        for (index, rival) in rivals.enumerated() {
            let gradient = answer.gradient(index)
            let size =
                isL2
                ? ThreatModel.squaredLength(gradient, count: row.count).squareRoot()
                : ThreatModel.absoluteSum(gradient, count: row.count)
            guard size > 0, size.isFinite else { continue }
            let distance = Double(abs(answer.logits.values[rival] - own)) / size
            if nearest.map({ distance < $0.distance }) ?? true { nearest = (index, distance, size) }
        }
        guard let nearest else {
            found = .nothing(.failed)
            found?.sawZeroGradient = true
            return
        }
        let distance = nearest.distance + 1e-4
        let scale = Float(isL2 ? distance / nearest.size : distance)
        move(along: answer.gradient(nearest.index), scale: scale)
    }

    private mutating func move(along gradient: UnsafePointer<Float>, scale: Float) {
        let (isL2, reach, clean, count) = (isL2, reach, row.clean, row.count)
        change.withUnsafeMutableBufferPointer { change in
            image.withUnsafeMutableBufferPointer { image in
                for index in 0..<count {
                    let slope = gradient[index]
                    let sign: Float = slope > 0 ? 1 : (slope < 0 ? -1 : 0)
                    change[index] += scale * (isL2 ? slope : sign)
                    let value = clean[index] + reach * change[index]
                    let raised: Float = value < 0 ? 0 : value
                    image[index] = raised > 1 ? 1 : raised
                }
            }
        }
    }

    var finding: RowFinding { found ?? .nothing(.failed) }
}
