// SPDX-License-Identifier: Apache-2.0

/// The second step of the crafting framework: which features a map says to change.
protocol PerturbationSelection: Sendable {
    /// Features chosen at a time.
    static var width: Int { get }

    init()

    /// The best open features whose change raises the target and lowers the others together; nil
    /// where there are none. Of equals the first.
    mutating func choose(from map: SaliencyMap, among domain: FeatureDomain) -> FeatureChoice?
}

/// The one feature with the largest product of gains, a_i > 0 and b_i < 0 (Papernot, McDaniel, Jha,
/// Fredrikson, Celik and Swami, "The limitations of deep learning in adversarial settings", 2016,
/// equation 8).
struct SingleFeature: PerturbationSelection {
    static let width = 1

    func choose(from map: SaliencyMap, among domain: FeatureDomain) -> FeatureChoice? {
        let sign = Double(map.sign)
        var best: Int?
        var (score, gain) = (0.0, Float(0))
        for index in 0..<map.count where domain.penalty[index] == 0 {
            let raised = sign * Double(map.target[index])
            let lowered = map.others.map { -sign * Double($0[index]) } ?? raised
            guard raised > 0, lowered > 0, raised * lowered > score else { continue }
            (best, score, gain) = (index, raised * lowered, Float(raised))
        }
        guard let best, map.survives(gain) else { return nil }
        return FeatureChoice(first: best, second: nil)
    }
}

/// The pair p, q with the largest -(a_p + a_q)(b_p + b_q), where a_p + a_q > 0 and b_p + b_q < 0 (as
/// above, algorithm 3).
struct FeaturePair: PerturbationSelection {
    static let width = 2
    private var search = PairSearch()

    mutating func choose(from map: SaliencyMap, among domain: FeatureDomain) -> FeatureChoice? {
        guard domain.openCount >= 2 else { return nil }
        return domain.penalty.withUnsafeBufferPointer { penalty -> FeatureChoice? in
            let points = GainPoints(map, penalty: penalty.baseAddress.unsafelyUnwrapped)
            // With one gain for both, the two largest have the largest sum and its square.
            let pair =
                map.others == nil
                ? points.largestTwo { raised, _ in raised } : search.best(of: points)
            guard let (p, q) = pair, map.survives(points.raised(p), points.raised(q)) else {
                return nil
            }
            return FeatureChoice(first: min(p, q), second: max(p, q))
        }
    }
}
