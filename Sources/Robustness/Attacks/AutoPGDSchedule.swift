// SPDX-License-Identifier: Apache-2.0

/// The step sizes of one APGD run: when it looks back, and whether it then halves its step (Croce
/// and Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse
/// parameter-free attacks", 2020, section 3.2).
struct AutoPGDSchedule {
    /// The share of a window's steps that have to raise the loss for the step to stay.
    private static let rho = 0.75

    /// What a step's loss means for the run.
    struct Verdict {
        /// The highest so far.
        let isBest: Bool
        /// The run goes on from its best point with half the step.
        let goesBack: Bool
    }

    /// Steps between checkpoints: the first window, the least, and how much each is shorter.
    private let least: Int
    private let shortening: Int
    private var window: Int
    private var stepsInWindow = 0
    private var improvements = 0
    private var latest: Double
    private var best: Double
    private var bestAtCheckpoint: Double
    // The first checkpoint has no window before it to compare the best loss with.
    private var halvedAtCheckpoint = true
    /// The size of a step, in epsilons.
    private(set) var step = 2.0

    /// - Parameters:
    ///   - steps: of the whole run.
    ///   - loss: where the run starts.
    init(steps: Int, loss: Double) {
        window = max(steps * 22 / 100, 1)
        least = max(steps * 6 / 100, 1)
        shortening = max(steps * 3 / 100, 1)
        (latest, best, bestAtCheckpoint) = (loss, loss, loss)
    }

    /// Takes the loss after a step.
    mutating func hear(_ loss: Double) -> Verdict {
        if loss > latest { improvements += 1 }
        latest = loss
        // A start whose loss is not a number is worse than anything.
        let isBest = loss > best || (best.isNaN && !loss.isNaN)
        if isBest { best = loss }
        stepsInWindow += 1
        guard stepsInWindow == window else { return Verdict(isBest: isBest, goesBack: false) }
        // At most rho, as in the authors' code; their text has "less than".
        let isOscillating = Double(improvements) <= Self.rho * Double(window)
        let isStuck = !halvedAtCheckpoint && !(best > bestAtCheckpoint)
        halvedAtCheckpoint = isOscillating || isStuck
        if halvedAtCheckpoint { step /= 2 }
        bestAtCheckpoint = best
        (stepsInWindow, improvements) = (0, 0)
        window = max(window - shortening, least)
        return Verdict(isBest: isBest, goesBack: halvedAtCheckpoint)
    }
}
