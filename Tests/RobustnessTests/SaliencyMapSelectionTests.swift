// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing

@testable import Robustness

/// The pruned search of pairs against all pairs.
@Suite struct SaliencyMapSelectionTests {
    private let selectionTest = RandomStream.Purpose(rawValue: 1040)

    /// The best of all pairs in double precision, the smallest indices among equals.
    private func bestOfAll(
        _ target: [Float], _ others: [Float]?, closed: Set<Int>, sign: Double
    ) -> (choice: FeatureChoice, score: Double)? {
        var best: (FeatureChoice, Double)?
        let open = target.indices.filter { !closed.contains($0) }
        for (position, p) in open.enumerated() {
            for q in open[(position + 1)...] {
                let raised = sign * (Double(target[p]) + Double(target[q]))
                let lowered = others.map { -sign * (Double($0[p]) + Double($0[q])) } ?? raised
                guard raised > 0, lowered > 0 else { continue }
                if best.map({ raised * lowered > $0.1 }) ?? true {
                    best = (FeatureChoice(first: p, second: q), raised * lowered)
                }
            }
        }
        return best
    }

    private func choose<Selection: PerturbationSelection>(
        _ selection: inout Selection, _ target: [Float], _ others: [Float]?, closed: Set<Int>,
        sign: Float, scale: Float = 1
    ) -> FeatureChoice? {
        let domain = FeatureDomain(count: target.count) { !closed.contains($0) }
        return target.withUnsafeBufferPointer { target in
            func choose(_ others: UnsafePointer<Float>?) -> FeatureChoice? {
                selection.choose(
                    from: SaliencyMap(
                        target: target.baseAddress!, others: others, count: target.count,
                        sign: sign, scale: scale), among: domain)
            }
            guard let others else { return choose(nil) }
            return others.withUnsafeBufferPointer { choose($0.baseAddress!) }
        }
    }

    @Test(arguments: [1, 5, 40])
    func prunedSearchFindsTheFirstBestPairOfSmallIntegers(values: Int) {
        var stream = RandomStream(seed: 1, purpose: selectionTest, row: UInt64(values))
        var pairs = FeaturePair()
        for trial in 0..<2000 {
            let count = 2 + stream.integer(below: 40)
            func draw() -> [Float] {
                (0..<count).map { _ in Float(stream.integer(below: 2 * values + 1) - values) }
            }
            let (target, others) = (draw(), trial % 4 == 0 ? nil : draw())
            let closed = Set(
                (0..<stream.integer(below: 5)).map { _ in stream.integer(below: count) })
            let sign: Float = trial % 2 == 0 ? 1 : -1
            let expected = bestOfAll(target, others, closed: closed, sign: Double(sign))
            let found = choose(&pairs, target, others, closed: closed, sign: sign)
            #expect(found == expected?.choice)
        }
    }

    @Test(arguments: [0, 20, 60])
    func prunedSearchReachesTheBestProductOverManyMagnitudes(decades: Int) {
        var stream = RandomStream(seed: 2, purpose: selectionTest, row: UInt64(decades))
        var pairs = FeaturePair()
        for _ in 0..<1000 {
            let count = 2 + stream.integer(below: 60)
            func draw() -> [Float] {
                (0..<count).map { _ in
                    let power = decades == 0 ? 0 : stream.integer(below: decades) - decades * 2 / 3
                    return stream.normal() * Float(sign: .plus, exponent: 3 * power, significand: 1)
                }
            }
            let (target, others) = (draw(), draw())
            let expected = bestOfAll(target, others, closed: [], sign: 1)
            let found = choose(&pairs, target, others, closed: [], sign: 1)
            #expect((found == nil) == (expected == nil))
            guard let found, let second = found.second, let expected else { continue }
            let raised = Double(target[found.first]) + Double(target[second])
            let lowered = -(Double(others[found.first]) + Double(others[second]))
            #expect(raised * lowered == expected.score)
        }
    }

    @Test func pointsThatDoNotDominateEachOtherAreAllCompared() {
        // On the line x + y = 1 nothing is dominated; the best pair sums to (1, 1).
        let count = 1500
        let target = (0..<count).map { Float($0) / Float(count - 1) }
        let others = target.map { $0 - 1 }
        var pairs = FeaturePair()
        let found = choose(&pairs, target, others, closed: [], sign: 1)
        let expected = bestOfAll(target, others, closed: [], sign: 1)
        let best = expected?.score ?? 0
        #expect(best >= 1 - 1e-6)
        let (p, q) = (found?.first ?? 0, found?.second ?? 0)
        #expect(
            (Double(target[p]) + Double(target[q])) * -(Double(others[p]) + Double(others[q]))
                == best)
    }

    @Test func singleFeatureNeedsBothSigns() {
        var single = SingleFeature()
        let target: [Float] = [3, 2, -5, 1, 2]
        let others: [Float] = [1, -2, -9, -3, -2]
        // 0 raises the others, 2 lowers the target; 1 and 4 tie at 4, 3 has 3.
        #expect(
            choose(&single, target, others, closed: [], sign: 1)
                == FeatureChoice(first: 1, second: nil))
        #expect(
            choose(&single, target, others, closed: [1], sign: 1)
                == FeatureChoice(first: 4, second: nil))
        #expect(choose(&single, target, others, closed: [1, 3, 4], sign: 1) == nil)
        #expect(choose(&single, target, others, closed: [], sign: -1) == nil)
        #expect(
            choose(&single, target, nil, closed: [], sign: -1)
                == FeatureChoice(first: 2, second: nil))
    }

    @Test func whatIsLostInAFloatIsLost() {
        var (pairs, single) = (FeaturePair(), SingleFeature())
        let target: [Float] = [1, 2, 3, -1]
        let smallest = Float.leastNonzeroMagnitude
        #expect(
            choose(&pairs, target, nil, closed: [], sign: 1, scale: smallest)
                == FeatureChoice(first: 1, second: 2))
        #expect(choose(&pairs, target, nil, closed: [], sign: 1, scale: 0) == nil)
        #expect(choose(&single, target, nil, closed: [], sign: 1, scale: 0) == nil)
        #expect(choose(&pairs, [0.4, 0.4], nil, closed: [], sign: 1, scale: smallest) == nil)
    }

    @Test func closedFeaturesAndNaNsAreNeverChosen() {
        var pairs = FeaturePair()
        let target: [Float] = [.nan, 9, 1, 2, .nan, 1]
        #expect(
            choose(&pairs, target, nil, closed: [1], sign: 1)
                == FeatureChoice(first: 2, second: 3))
        #expect(
            choose(&pairs, target, target.map { -$0 }, closed: [1], sign: 1)
                == FeatureChoice(first: 2, second: 3))
        #expect(choose(&pairs, target, nil, closed: [1, 2, 3], sign: 1) == nil)
    }
}
