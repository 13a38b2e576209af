// SPDX-License-Identifier: Apache-2.0

/// Changes the features that a map of the model says to change, until the model sees the target
/// (Papernot, McDaniel, Jha, Fredrikson, Celik and Swami, 2016, algorithms 2 and 3).
struct SaliencySearch<Sensitivity: DirectionSensitivity, Selection: PerturbationSelection>:
    RowSearch
{
    private let row: AttackRow
    private let target: Int
    private let theta: Float
    private let sensitivity: Sensitivity
    private var selection = Selection()
    private var domain: FeatureDomain
    private var image: [Float]
    private var stepsLeft: Int
    private var found: RowFinding?
    private var sawZeroGradient = false

    /// - Parameters:
    ///   - theta: added to every chosen feature, then clipped to the box; not zero.
    ///   - features: the most features that may change.
    init(_ row: AttackRow, sensitivity: Sensitivity, theta: Float, features: Int) {
        self.row = row
        self.sensitivity = sensitivity
        self.theta = theta
        target = row.target ?? row.label
        image = Array(row.cleanPixels)
        domain = FeatureDomain(count: row.count) {
            theta > 0 ? row.clean[$0] < 1 : row.clean[$0] > 0
        }
        stepsLeft = features / Selection.width
    }

    mutating func ask(at point: UnsafeMutablePointer<Float>) -> RowQuestion? {
        guard found == nil else { return nil }
        image.withUnsafeBufferPointer { pixels in
            point.update(from: pixels.baseAddress.unsafelyUnwrapped, count: pixels.count)
        }
        return stepsLeft == 0 ? .logits : .gradients(Sensitivity.gradientCount)
    }

    func writeSeed(_ index: Int, logits: LogitRow, into seed: UnsafeMutablePointer<Float>) {
        sensitivity.writeSeed(index, logits: logits, target: target, into: seed)
    }

    mutating func hear(_ answer: RowAnswer) {
        guard let prediction = answer.logits.prediction else {
            // Of a point whose logits are not finite nothing can be said.
            found = .nothing(.failed)
            return
        }
        if prediction == target { return end(.success, answer) }
        if stepsLeft == 0 { return end(.failed, answer) }
        stepsLeft -= 1
        let map = sensitivity.map(
            answer, target: target, count: row.count, sign: theta > 0 ? 1 : -1)
        guard let choice = selection.choose(from: map, among: domain) else {
            sawZeroGradient = map.isZero
            return end(.noPair, answer)
        }
        change(choice.first)
        if let second = choice.second { change(second) }
    }

    private mutating func change(_ index: Int) {
        image[index] = min(max(image[index] + theta, 0), 1)
        domain.close(index)
    }

    /// What was changed so far is kept even where the target was not reached: it is the row's worst
    /// point known, and within the cap.
    private mutating func end(_ status: AdversarialResult.Status, _ answer: RowAnswer) {
        found = RowFinding(
            example: image, status: status, margin: answer.logits.margin(of: row.label),
            sawZeroGradient: sawZeroGradient)
    }

    var finding: RowFinding { found ?? .nothing(.failed) }
}
