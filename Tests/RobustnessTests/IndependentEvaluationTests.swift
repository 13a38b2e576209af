// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Robustness

/// Every number of an evaluation against what numpy and scipy make of the same arrays
/// (Fixtures/robustness/make_evaluation.py).
@Suite struct IndependentEvaluationTests {
    private static let (rows, pixels, classes) = (60, 16, 4)
    private let expected: JSON
    private let models: [AnalyticModel]
    private let clean: Tensor
    private let examples: [String: Tensor]
    private let digests = [Digest(hashing: [0]), Digest(hashing: [1])]

    init() throws {
        let data = try Data(
            contentsOf: URL(fileURLWithPath: fixture("robustness/evaluation.json")))
        expected = try JSON(parsing: String(decoding: data, as: UTF8.self))
        let values = try recorded("evaluation")
        var place = 0
        func take(_ count: Int) -> [Float] {
            defer { place += count }
            return Array(values[place..<(place + count)])
        }
        let (rows, pixels, classes) = (Self.rows, Self.pixels, Self.classes)
        models = (0..<2).map { _ in
            AnalyticModel(
                imageShape: [1, 4, 4], classCount: classes, batchSize: 16,
                first: (take(classes * pixels), take(classes)))
        }
        func images() -> Tensor { Tensor(take(rows * pixels), shape: [rows, 1, 4, 4]) }
        clean = images()
        examples = ["first": images(), "second": images(), "nearest": images()]
        #expect(place == values.count)
    }

    private func integers(_ json: JSON?) -> [Int] {
        json?.arrayValue?.compactMap(\.integerValue) ?? []
    }

    private func evaluation(_ name: String, model: Int = 0) throws -> Evaluation {
        let threat: JSON =
            name == "nearest"
            ? ["norm": "l2", "minimal_norm": true] : ["norm": "linf", "epsilon_exact": "0.1"]
        let set = try AdversarialSet(
            name: name, adversarial: try #require(examples[name]), clean: clean,
            labels: integers(expected["labels"]),
            targets: [Int](repeating: -1, count: Self.rows),
            metadata: [
                "threat_model": threat, "attack": ["text": "by numpy"],
                "source_model": ["digest": .string(digests[0].hexadecimal)],
            ])
        return try Evaluator.evaluate(
            models[model], checkpoint: "model\(model)", digest: digests[model], on: set)
    }

    private func expect(_ rate: Rate, _ json: JSON?, _ what: String) {
        #expect([rate.count, rate.total] == integers(json), "\(what)")
    }

    private func expect(_ value: Double?, _ json: JSON?, _ what: String) throws {
        guard let number = json?.doubleValue else {
            #expect(value == nil, "\(what)")
            return
        }
        #expect(abs(try #require(value) - number) < 1e-12, "\(what): \(value ?? .nan), \(number)")
    }

    private func expect(_ rates: Evaluation.Rates, _ json: JSON?, _ what: String) {
        expect(rates.adversarialAccuracy, json?["adversarial_accuracy"], what)
        expect(rates.accuracyOnBoth, json?["accuracy_on_both"], what)
        expect(rates.success, json?["success"], what)
        expect(rates.successCleanCorrect, json?["success_clean_correct"], what)
    }

    @Test(arguments: ["first", "second", "nearest"])
    func ratesDistancesAndConfusion(set: String) throws {
        let found = try evaluation(set)
        let json = expected["sets"]?[set]
        expect(found.cleanAccuracy, json?["clean_accuracy"], "clean")
        expect(found.rates, json?["rates"], "rates")
        expect(found.asStored, json?["as_stored"], "as stored")
        let interval = json?["interval"]?.arrayValue ?? []
        try expect(found.rates.adversarialAccuracy.interval.lowerBound, interval.first, "lower")
        try expect(found.rates.adversarialAccuracy.interval.upperBound, interval.last, "upper")
        #expect(found.threatCheck.violations.map(\.rowID) == integers(json?["violations"]))
        #expect(found.threatCheck.rejected.map(\.rowID) == integers(json?["rejected"]))
        try expect(found.threatCheck.maximalDistance, json?["max_distance"], "largest")
        try expect(found.threatCheck.meanDistance, json?["mean_distance"], "mean")
        #expect(found.confusion == (json?["confusion"]?.arrayValue ?? []).map(integers))
        #expect(found.brokenRows == json?["broken"]?.arrayValue?.compactMap(\.boolValue))
    }

    @Test func theWorstCaseAndItsBreakers() throws {
        let worst = try WorstCase(over: [evaluation("first"), evaluation("second")])
        let json = expected["worst_case"]
        #expect(worst.waterfall == integers(json?["waterfall"]))
        #expect(worst.contributions.map(\.brokenAlone) == integers(json?["alone"]))
        #expect(worst.breakers.map { $0 ?? -1 } == integers(json?["breakers"]))
        #expect(worst.accuracy == Rate(integers(json?["waterfall"])[2], of: Self.rows))
    }

    @Test func twoModelsOnTheSameExamples() throws {
        let pair = try #require(
            ModelComparison(evaluation("first"), evaluation("first", model: 1)))
        let json = expected["paired"]
        #expect(pair.basis == .sameExamples)
        #expect(pair.wrong.both == json?["both"]?.integerValue)
        #expect(pair.fixed == json?["fixed"]?.integerValue)
        #expect(pair.newlyWrong == json?["newly_wrong"]?.integerValue)
        #expect(pair.wrong.neither == json?["neither"]?.integerValue)
        #expect(abs(pair.wrong.pValue - (json?["p_value"]?.doubleValue ?? .nan)) < 1e-9)
        #expect(pair.classes.reduce(0) { $0 + $1.both } == pair.wrong.both)
        #expect(pair.classes.reduce(0) { $0 + $1.onlySecond } == pair.newlyWrong)
    }

    @Test func hardnessWithCensoredRowsAndTheCurve() throws {
        let found = try evaluation("nearest")
        let hardness = try #require(found.hardness)
        let json = expected["hardness"]
        #expect(hardness.perRow.rows == json?["rows"]?.integerValue)
        #expect(hardness.perRow.broken == json?["broken"]?.integerValue)
        #expect(hardness.perRow.censored > 0)
        #expect(hardness.perImage == nil)
        try expect(hardness.perRow.limit, json?["limit"], "limit")
        try expect(hardness.perRow.median, json?["median"], "median")
        try expect(hardness.perRow.restrictedMean, json?["restricted_mean"], "restricted mean")
        try expect(hardness.perRow.meanOfBroken, json?["mean_of_broken"], "mean of broken")
        let curve = try #require(found.curve)
        for (epsilon, standing) in expected["curve"]?.objectValue ?? [:] {
            #expect(
                curve.accuracy(at: try #require(Double(epsilon)))
                    == Rate(standing.integerValue ?? -1, of: Self.rows), "\(epsilon)")
        }
        #expect(try evaluation("first").curve == nil)
        #expect(try evaluation("first").hardness == nil)
    }

    @Test(arguments: ["rounded", "truncated", "half"])
    func examplesThatWereSaved(storage: String) throws {
        let found = try evaluation("first").quantisation
        let result = try #require(found.first { $0.storage.rawValue == storage })
        let json = expected["quantised"]?[storage]
        #expect(result.accuracy.count == json?["accuracy"]?.integerValue)
        #expect(result.violations == json?["violations"]?.integerValue)
        try expect(result.maximalDistance, json?["max_distance"], "largest")
    }
}
