// SPDX-License-Identifier: Apache-2.0

/// The linf attack on one row: all changes pressed below a bound that falls by a tenth whenever
/// they get there, from where the last one ended; the weight of the margin doubles where they do
/// not.
struct CarliniWagnerLinfSearch: RowSearch {
    private let row: AttackRow
    private var weightsLeft: Int
    private var descent: CarliniWagnerDescent
    private var weight: Float
    private var bound: Float = 1
    private var start: [Float]
    private var isOver = false
    private var closest: ClosestExample?

    init(_ attack: CarliniWagner, row: AttackRow) {
        self.row = row
        weightsLeft = attack.search
        weight = Float(attack.constant.value)
        start = Array(row.cleanPixels)
        descent = CarliniWagnerDescent(attack, row: row)
        descent.begin(weight: weight, at: row.clean)
    }

    mutating func ask(at point: UnsafeMutablePointer<Float>) -> RowQuestion? {
        guard !isOver else { return nil }
        descent.write(to: point)
        return .gradients(1)
    }

    func writeSeed(_ index: Int, logits: LogitRow, into seed: UnsafeMutablePointer<Float>) {
        descent.margin.writeSeed(logits, into: seed)
    }

    mutating func hear(_ answer: RowAnswer) {
        let sight = descent.look(answer, penalty: .excess(over: bound))
        if sight.isReached {
            let distance = ThreatModel.distance(
                .linf, answer.point, row.clean, count: row.count)
            if distance < closest?.distance ?? .infinity {
                closest = ClosestExample(
                    pixels: descent.image, distance: distance, margin: sight.margin)
            }
            // What is left above the bound counts for no more than a hair of the margin.
            if sight.penalty <= 1e-4 * Double(weight) { return lowerBound(from: distance) }
        }
        if sight.isOver {
            doubleWeight()
        } else {
            descent.advance(answer, penalty: .excess(over: bound))
        }
    }

    private mutating func lowerBound(from distance: Double) {
        bound = 0.9 * min(bound, Float(distance))
        // Below one step of 8 bits there is nothing worth finding.
        guard bound > 1 / 256 else {
            isOver = true
            return
        }
        start = descent.image
        begin()
    }

    private mutating func doubleWeight() {
        weightsLeft -= 1
        weight *= 2
        if weightsLeft == 0 { isOver = true } else { begin() }
    }

    private mutating func begin() {
        start.withUnsafeBufferPointer {
            descent.begin(weight: weight, at: $0.baseAddress.unsafelyUnwrapped)
        }
    }

    var finding: RowFinding { RowFinding(closest) }
}
