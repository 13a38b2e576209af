// SPDX-License-Identifier: Apache-2.0

/// The l2 attack on one row: Adam for every weight, weights ten times larger until one succeeds,
/// then bisected between the largest that failed and the smallest that did not.
struct CarliniWagnerL2Search: RowSearch {
    private let row: AttackRow
    private let searches: Int
    private var descent: CarliniWagnerDescent
    private var search = 0
    private var weight: Double
    private var lower = 0.0
    private var upper = Double.infinity
    private var weightSucceeded = false
    private var closest: ClosestExample?

    init(_ attack: CarliniWagner, row: AttackRow) {
        self.row = row
        searches = attack.search
        weight = attack.constant.value
        descent = CarliniWagnerDescent(attack, row: row)
        descent.begin(weight: Float(weight), at: row.clean)
    }

    mutating func ask(at point: UnsafeMutablePointer<Float>) -> RowQuestion? {
        guard search < searches else { return nil }
        descent.write(to: point)
        return .gradients(1)
    }

    func writeSeed(_ index: Int, logits: LogitRow, into seed: UnsafeMutablePointer<Float>) {
        descent.margin.writeSeed(logits, into: seed)
    }

    mutating func hear(_ answer: RowAnswer) {
        let sight = descent.look(answer, penalty: .squares)
        if sight.isReached {
            weightSucceeded = true
            if sight.penalty < closest?.distance ?? .infinity {
                closest = ClosestExample(
                    pixels: descent.image, distance: sight.penalty, margin: sight.margin)
            }
        }
        if sight.isOver { nextWeight() } else { descent.advance(answer, penalty: .squares) }
    }

    private mutating func nextWeight() {
        if weightSucceeded {
            upper = min(upper, weight)
        } else {
            lower = max(lower, weight)
        }
        weight = upper.isFinite ? (lower + upper) / 2 : weight * 10
        search += 1
        // After a long bisection the last weight is one that is known to succeed.
        if search == searches - 1, searches >= 10 { weight = min(upper, 1e10) }
        weightSucceeded = false
        if search < searches { descent.begin(weight: Float(weight), at: row.clean) }
    }

    var finding: RowFinding { RowFinding(closest) }
}
