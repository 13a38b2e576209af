// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors

/// The l1 ball. Its corners lie on the axes, so the steepest step moves one value alone; moving the
/// steepest few share its direction at a fraction of the steps (SLIDE: Tramer and Boneh,
/// "Adversarial training and robustness for multiple perturbations", 2019, section 4), and values
/// that the box holds back are left out, so that the step is not wasted on them.
extension PixelBall {
    /// Sets `image` to a point that is uniform in the ball, in the box or not.
    func addTaxicabStart(
        around clean: UnsafePointer<Float>, stream: inout RandomStream, to image: inout [Float]
    ) {
        // Exponential sizes over the sum of one more than there are values, with random signs
        // (Barthe, Guedon, Mendelson and Naor, 2005, theorem 1).
        var sizes = [Double](repeating: 0, count: count)
        var sum = exponential(&stream)
        for index in 0..<count {
            let size = exponential(&stream)
            sum += size
            sizes[index] = stream.uniform() < 0.5 ? -size : size
        }
        for index in 0..<count {
            image[index] = Float(Double(clean[index]) + epsilon * sizes[index] / sum)
        }
    }

    private func exponential(_ stream: inout RandomStream) -> Double {
        -log(1 - Double(stream.uniform()))
    }

    /// Moves the steepest values that the box lets move by equal parts of the step.
    ///
    /// - Returns: false when no value of the gradient is above or below zero.
    func advanceSparsely(
        _ image: UnsafeMutablePointer<Float>, along gradient: UnsafePointer<Float>,
        around clean: UnsafePointer<Float>
    ) -> Bool {
        var isZero = true
        var order: [UInt64] = []
        order.reserveCapacity(count)
        for index in 0..<count {
            let slope = gradient[index]
            guard slope > 0 || slope < 0 else { continue }
            isZero = false
            guard slope > 0 ? image[index] < 1 : image[index] > 0 else { continue }
            // Positive floats are ordered as their bits; equals stay in the order of the values.
            order.append(UInt64(~slope.magnitude.bitPattern) << 32 | UInt64(index))
        }
        if order.count > movers {
            order.sort()
            order.removeLast(order.count - movers)
        }
        let part = Double(step) / Double(max(order.count, 1))
        let moves = order.map { key in
            let index = Int(truncatingIfNeeded: key & 0xFFFF_FFFF)
            return Move(index: index, isUp: gradient[index] > 0)
        }
        projectTaxicab(image, moves: moves, by: part, around: clean)
        return !isZero
    }

    /// One value of an image that a step changes.
    struct Move {
        let index: Int
        let isUp: Bool
    }

    /// Writes the point of the ball and the box that is nearest to the image with `moves` made
    /// (Croce and Hein, "Mind the box: l1-APGD for sparse adversarial attacks on image classifiers",
    /// 2021, proposition 2.2): every change loses the same amount, down to zero and up to its room.
    func projectTaxicab(
        _ image: UnsafeMutablePointer<Float>, moves: [Move], by part: Double,
        around clean: UnsafePointer<Float>
    ) {
        var changes = [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
            for index in 0..<count {
                buffer[index] = Double(image[index]) - Double(clean[index])
            }
            initialized = count
        }
        for move in moves { changes[move.index] += move.isUp ? part : -part }
        // Sums of doubles round by less than this; the exact sum is then inside as well.
        let limit = epsilon * (1 - 0x1p-36)
        let loss = TaxicabLoss.least(changes, around: clean, limit: limit)
        for index in 0..<count where changes[index] != 0 {
            let room = TaxicabLoss.room(of: changes[index], at: clean[index])
            let size = min(max(changes[index].magnitude - loss, 0), room)
            let value = Float(Double(clean[index]) + (changes[index] < 0 ? -size : size))
            image[index] = min(max(value, 0), 1)
        }
        var slack = 0x1p-22
        while ThreatModel.distance(.l1, image, clean, count: count) > limit {
            for index in 0..<count where image[index] != clean[index] {
                let centre = Double(clean[index])
                image[index] = Float(centre + (1 - slack) * (Double(image[index]) - centre))
            }
            slack = min(2 * slack, 1)
        }
    }
}

/// What every change of an image loses when it is projected onto an l1 ball within the box.
enum TaxicabLoss {
    /// How far a value can go in the direction of `change` before it leaves the box.
    static func room(of change: Double, at pixel: Float) -> Double {
        change > 0 ? 1 - Double(pixel) : Double(pixel)
    }

    /// The least loss at which sum min(max(|change| - loss, 0), room) is within `limit`.
    ///
    /// The sum is piecewise linear in the loss: a change begins to shrink when what is left of it is
    /// its room, and ends at zero.
    static func least(
        _ changes: [Double], around clean: UnsafePointer<Float>, limit: Double
    ) -> Double {
        var events: [(loss: Double, slope: Int)] = []
        var (sum, slope) = (0.0, 0)
        for (index, change) in changes.enumerated() where change != 0 {
            let (size, room) = (change.magnitude, room(of: change, at: clean[index]))
            sum += min(size, room)
            if size > room { events.append((size - room, 1)) } else { slope += 1 }
            events.append((size, -1))
        }
        guard sum > limit else { return 0 }
        events.sort { $0.loss < $1.loss }
        var loss = 0.0
        for event in events {
            let next = sum - Double(slope) * (event.loss - loss)
            if next <= limit { return loss + (sum - limit) / Double(slope) }
            (sum, loss, slope) = (next, event.loss, slope + event.slope)
        }
        // Rounding kept the sum above a limit of next to nothing.
        return loss
    }
}
