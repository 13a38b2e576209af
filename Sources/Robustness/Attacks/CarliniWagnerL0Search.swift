// SPDX-License-Identifier: Apache-2.0

/// The l0 attack on one row: an l2 attack from where the last one ended, after which the changed
/// values that matter least go back to the clean image and stay there; the weight of the margin
/// doubles where the rest does not suffice, until no weight is left.
struct CarliniWagnerL0Search: RowSearch {
    private enum Phase {
        case descending
        /// The last success without the values that have hardly changed.
        case tidying
        case over
    }

    private let row: AttackRow
    private var weightsLeft: Int
    private var descent: CarliniWagnerDescent
    private var weight: Float
    private var phase = Phase.descending
    private var start: [Float]
    private var isFrozen: [Bool]
    private var closest: ClosestExample?
    private var tidied: [Float] = []

    init(_ attack: CarliniWagner, row: AttackRow) {
        self.row = row
        weightsLeft = attack.search
        weight = Float(attack.constant.value)
        start = Array(row.cleanPixels)
        isFrozen = [Bool](repeating: false, count: row.count)
        descent = CarliniWagnerDescent(attack, row: row)
        descent.begin(weight: weight, at: row.clean)
    }

    mutating func ask(at point: UnsafeMutablePointer<Float>) -> RowQuestion? {
        switch phase {
        case .descending:
            descent.write(to: point)
            return .gradients(1)
        case .tidying:
            for index in 0..<row.count { point[index] = tidied[index] }
            return .logits
        case .over: return nil
        }
    }

    func writeSeed(_ index: Int, logits: LogitRow, into seed: UnsafeMutablePointer<Float>) {
        descent.margin.writeSeed(logits, into: seed)
    }

    mutating func hear(_ answer: RowAnswer) {
        if case .tidying = phase {
            if answer.logits.isFinite, descent.margin.isReached(answer.logits) {
                keep(tidied, margin: answer.logits.margin(of: row.label))
            }
            phase = .over
            return
        }
        let sight = descent.look(answer, penalty: .squares)
        if sight.isReached {
            keep(descent.image, margin: sight.margin)
            start = descent.image
            freezeLeast(answer.gradient())
        } else if sight.isOver {
            weightsLeft -= 1
            weight *= 2
            if weightsLeft == 0 { finish() } else { begin() }
        } else {
            descent.advance(answer, penalty: .squares)
        }
    }

    private mutating func keep(_ image: [Float], margin: Float) {
        let distance = image.withUnsafeBufferPointer {
            ThreatModel.distance(
                .l0, $0.baseAddress.unsafelyUnwrapped, row.clean, count: row.count)
        }
        if distance <= closest?.distance ?? .infinity {
            closest = ClosestExample(pixels: image, distance: distance, margin: margin)
        }
    }

    /// Takes out of the search what has not changed, and of what has, the values whose change did
    /// the least for the margin: some 0.3 of the square root of their number, as the authors' code
    /// does.
    private mutating func freezeLeast(_ gradient: UnsafePointer<Float>) {
        var changed: [(index: Int, effect: Float)] = []
        for index in 0..<row.count where !isFrozen[index] {
            let change = abs(start[index] - row.clean[index])
            if change < 1e-4 {
                isFrozen[index] = true
            } else {
                changed.append((index, change * abs(gradient[index])))
            }
        }
        guard changed.count > 1 else { return finish() }
        changed.sort { ($0.effect, $0.index) < ($1.effect, $1.index) }
        let most = max(1, Int(0.3 * Double(changed.count).squareRoot()))
        for (index, _) in changed.prefix(most) { isFrozen[index] = true }
        begin()
    }

    private mutating func begin() {
        let frozen = isFrozen.indices.filter { isFrozen[$0] }
        start.withUnsafeBufferPointer {
            descent.begin(
                weight: weight, at: $0.baseAddress.unsafelyUnwrapped, frozen: frozen)
        }
    }

    private mutating func finish() {
        guard let closest else {
            phase = .over
            return
        }
        tidied = closest.pixels
        for index in tidied.indices where abs(tidied[index] - row.clean[index]) < 1e-4 {
            tidied[index] = row.clean[index]
        }
        phase = .tidying
    }

    var finding: RowFinding { RowFinding(closest) }
}
