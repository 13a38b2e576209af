// SPDX-License-Identifier: Apache-2.0

/// One weight's descent: Adam on penalty + c * margin from a start to its end.
struct CarliniWagnerDescent {
    /// What is kept small besides the margin.
    enum Penalty {
        /// The squared l2 distance.
        case squares
        /// What the changes exceed a bound by, summed.
        case excess(over: Float)
    }

    /// What was seen at the image.
    struct Sight {
        let isReached: Bool
        /// z_label minus the largest other logit.
        let margin: Float
        let penalty: Double
        /// Whether this weight has nothing more to give.
        let isOver: Bool
    }

    private let row: AttackRow
    let margin: CarliniWagnerMargin
    private let steps: Int
    private let abortsEarly: Bool
    private var space: CarliniWagnerSpace
    private var gradient: [Float]
    /// Values that stay as they are in the clean image; empty where all may change.
    private var frozen: [Int] = []
    private var weight: Float = 0
    private var step = 0
    private var leastLoss = Double.infinity
    private var lossAtCheck = Double.infinity

    init(_ attack: CarliniWagner, row: AttackRow) {
        self.row = row
        margin = CarliniWagnerMargin(goal: row.goal, kappa: Float(attack.kappa.value))
        steps = attack.steps
        abortsEarly = attack.abortsEarly
        space = CarliniWagnerSpace(
            count: row.count, learningRate: Float(attack.learningRate.value))
        gradient = [Float](repeating: 0, count: row.count)
    }

    var image: [Float] { space.image }

    mutating func begin(weight: Float, at start: UnsafePointer<Float>, frozen: [Int] = []) {
        self.weight = weight
        self.frozen = frozen
        (step, leastLoss, lossAtCheck) = (0, .infinity, .infinity)
        space.begin(at: start)
        freeze()
    }

    private mutating func freeze() {
        for index in frozen { space.freeze(index, at: row.clean[index]) }
    }

    func write(to point: UnsafeMutablePointer<Float>) {
        space.image.withUnsafeBufferPointer { pixels in
            point.update(from: pixels.baseAddress.unsafelyUnwrapped, count: pixels.count)
        }
    }

    /// Judges the image and notes whether the descent goes on.
    mutating func look(_ answer: RowAnswer, penalty: Penalty) -> Sight {
        let logits = answer.logits
        guard logits.isFinite else {
            return Sight(isReached: false, margin: .nan, penalty: .infinity, isOver: true)
        }
        let size = value(of: penalty, at: answer.point)
        let loss = size + Double(weight) * Double(max(margin.excess(logits), 0))
        leastLoss = min(leastLoss, loss)
        var isOver = step + 1 == steps
        if abortsEarly, step % max(1, (steps + 9) / 10) == 0 {
            // The least loss, as Adam's own goes up and down; a tenth without 0.01 % is the end.
            if leastLoss > 0.9999 * lossAtCheck { isOver = true }
            lossAtCheck = leastLoss
        }
        step += 1
        return Sight(
            isReached: margin.isReached(logits), margin: logits.margin(of: row.label),
            penalty: size, isOver: isOver)
    }

    private func value(of penalty: Penalty, at image: UnsafePointer<Float>) -> Double {
        switch penalty {
        case .squares:
            return ThreatModel.squaredDifference(image, row.clean, count: row.count)
        case .excess(let bound):
            var sum = 0.0
            for index in 0..<row.count {
                sum += Double(max(abs(image[index] - row.clean[index]) - bound, 0))
            }
            return sum
        }
    }

    mutating func advance(_ answer: RowAnswer, penalty: Penalty) {
        // Once the margin is reached, only the penalty counts.
        let weight = margin.excess(answer.logits) > 0 ? weight : 0
        let (image, slopes, clean, count) = (answer.point, answer.gradient(), row.clean, row.count)
        gradient.withUnsafeMutableBufferPointer { gradient in
            switch penalty {
            case .squares:
                for index in 0..<count {
                    gradient[index] = 2 * (image[index] - clean[index]) + weight * slopes[index]
                }
            case .excess(let bound):
                for index in 0..<count {
                    let change = image[index] - clean[index]
                    let side: Float = change > bound ? 1 : (change < -bound ? -1 : 0)
                    gradient[index] = side + weight * slopes[index]
                }
            }
        }
        gradient.withUnsafeBufferPointer {
            space.step(against: $0.baseAddress.unsafelyUnwrapped)
        }
        freeze()
    }
}

/// The closest example so far.
struct ClosestExample {
    let pixels: [Float]
    let distance: Double
    let margin: Float
}

extension RowFinding {
    /// The closest example as a row's; without one the clean image stays and the row has failed.
    init(_ closest: ClosestExample?) {
        guard let closest else {
            self = .nothing(.failed)
            return
        }
        self.init(example: closest.pixels, status: .success, margin: closest.margin)
    }
}
