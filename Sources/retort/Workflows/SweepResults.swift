// SPDX-License-Identifier: Apache-2.0

import Reporting
import Robustness
import Tensors

/// What a sweep over temperatures found, as far as it has come. Read from its store alone, see
/// ``init(prefix:in:)``.
///
/// Every rate is measured anew on the stored examples; nothing the attacks said is believed.
struct SweepResults {
    let prefix: String
    /// The name of the network, such as `cnn`.
    let architecture: String
    /// The data as the user named it: `mnist:mnist`.
    let data: String
    /// Of every training after the common start.
    let epochs: Int?
    /// The undistilled net.
    let baseline: Model?
    /// By rising temperature.
    let temperatures: [Temperature]
    /// The table of the founding notes for this data; nil where there is none.
    let published: PublishedSweep?

    /// One temperature's teacher and student.
    struct Temperature {
        let temperature: Double
        let teacherAccuracy: Double?
        let student: Model
        /// JSMA success as the founding notes print it.
        let publishedSuccess: Double?
    }

    /// One net and what its attacks did.
    struct Model {
        let checkpoint: String
        let digest: Digest
        /// Over all test rows, measured when it was trained.
        let testAccuracy: Double?
        /// JSMA on the softmax at T = 1.
        let jsma: Targeted?
        /// JSMA on z/T.
        let scaledJSMA: Targeted?
        let logOddsPGD: InBall?
        let crossEntropyPGD: InBall?
        let carliniWagner: Minimal?
        /// On clean test rows.
        let gradients: SweepGradients?
    }

    /// A targeted attack under a cap of changed features, several targets for each source image.
    struct Targeted {
        let set: String
        /// The attack's canonical text.
        let attack: String
        /// Source images.
        let sources: Int
        /// Predicted as the target, of the attacks on sources that are right when clean.
        let success: Rate
        /// 95 %: a bootstrap over sources, or Wilson's where every source has one target.
        let interval: ClosedRange<Double>
        /// Features changed, averaged over the attacks that succeeded.
        let meanFeatures: Double?
        let hardness: Hardness

        var estimate: Estimate {
            Estimate(
                success.value ?? .nan, lower: interval.lowerBound, upper: interval.upperBound)
        }
    }

    /// rho_adv of the founding notes: the share of features that has to change, over the easiest
    /// target of each source.
    struct Hardness {
        /// Sources for which some target was reached.
        let reached: Int
        /// Sources for which none was within the cap; their hardness is at least the cap.
        let censored: Int
        /// Mean over the sources that were reached, as the founding notes take it; nil for none.
        let meanReached: Double?
        /// Mean over all sources with the cap standing in for those not reached: a lower bound.
        let meanAtLeast: Double?
        /// The median over all sources (Kaplan and Meier's, as all are censored at the cap); nil
        /// where fewer than half were reached.
        let median: Double?
    }

    /// An attack inside a ball.
    struct InBall {
        let set: String
        let attack: String
        /// `linf 3/10`.
        let threatModel: String
        /// Of all rows attacked.
        let adversarialAccuracy: Rate
    }

    /// An attack that looks for the smallest change.
    struct Minimal {
        let set: String
        let attack: String
        /// Wrong on the example, of the rows right when clean.
        let success: Rate
        /// l2, over the rows it succeeded on.
        let meanDistance: Double?
        let medianDistance: Double?
    }

    /// Spearman's correlation of the temperature with JSMA success; nil below two temperatures.
    var spearman: Double? {
        let points = temperatures.compactMap { entry in
            entry.student.jsma?.success.value.map { (entry.temperature, $0) }
        }
        return RankCorrelation.spearman(points.map(\.0), points.map(\.1))
    }

    /// The same with JSMA at z/T: near zero when distillation protects nothing.
    var scaledSpearman: Double? {
        let points = temperatures.compactMap { entry in
            entry.student.scaledJSMA?.success.value.map { (entry.temperature, $0) }
        }
        return RankCorrelation.spearman(points.map(\.0), points.map(\.1))
    }
}

/// The founding notes' table of temperature against JSMA success (Papernot, McDaniel, Wu, Jha and
/// Swami, "Distillation as a defense to adversarial perturbations against deep neural networks",
/// 2016, figure 7), 900 attacks on 100 sources each.
struct PublishedSweep: Hashable {
    let dataset: String
    /// Success without distillation.
    let baseline: Double
    /// (temperature, success).
    let success: [Double: Double]

    static let mnist = PublishedSweep(
        dataset: "MNIST", baseline: 0.9589,
        success: [
            1: 0.91, 2: 0.8223, 5: 0.2467, 10: 0.0678, 20: 0.0134, 30: 0.0144, 40: 0.0045,
            50: 0.0145, 100: 0.0045,
        ])
    static let cifar10 = PublishedSweep(
        dataset: "CIFAR-10", baseline: 0.8789,
        success: [
            1: 0.9278, 2: 0.8767, 5: 0.67, 10: 0.4756, 20: 0.1823, 30: 0.1323, 40: 0.0934,
            50: 0.0623, 100: 0.0511,
        ])

    /// The table for data named like this on the command line.
    static func matching(data: String) -> PublishedSweep? {
        if data.hasPrefix("mnist:") { return .mnist }
        return data.hasPrefix("cifar10:") ? .cifar10 : nil
    }
}
