// SPDX-License-Identifier: Apache-2.0

import Robustness
import TestSupport
import Tensors
import Testing

@Suite struct ComparisonTests {
    private let digest = Digest(hashing: Array("model".utf8))

    /// scipy 1.17.1: binomtest(min(b, c), b + c).pvalue.
    @Test(arguments: [
        (5, 15, 0.04138946533203125), (0, 6, 0.03125), (7, 7, 1.0), (0, 0, 1.0),
        (120, 180, 0.0006342200069283566),
    ])
    func mcnemarIsScipysBinomialTest(onlyFirst: Int, onlySecond: Int, expected: Double) throws {
        let first =
            [Bool](repeating: true, count: onlyFirst)
            + [Bool](repeating: false, count: onlySecond) + [true, false, false]
        let second =
            [Bool](repeating: false, count: onlyFirst)
            + [Bool](repeating: true, count: onlySecond) + [true, false, false]
        let comparison = try PairedComparison(first: first, second: second)
        #expect(comparison.onlyFirst == onlyFirst && comparison.onlySecond == onlySecond)
        #expect(comparison.both == 1 && comparison.neither == 2)
        #expect(abs(comparison.pValue - expected) < 1e-9)
        #expect(throws: RobustnessError.self) { try PairedComparison(first: [true], second: []) }
    }

    private func evaluation(
        _ text: String, name: String, model: AnalyticModel, images: LabelledImages
    ) throws -> Evaluation {
        let result = try AttackSpecification.parse(text).craft(against: model, images: images)
        return try Evaluator.evaluate(
            model, checkpoint: "m", digest: digest,
            on: AdversarialSet(name: name, result: result, sourceModel: digest))
    }

    @Test func attacksInTheWrongOrderAreASignOfMasking() throws {
        let plain = linearModel(pixels: 100, classCount: 5, batchSize: 64, scale: 10)
        let images = try seenImages(plain, count: 200, lower: 0.3, upper: 0.7)
        func findings(_ model: AnalyticModel) throws -> [AttackOrder] {
            AttackOrder.violations(
                among: try [
                    evaluation(
                        "pgd:epsilon=0.1,loss=ce,start=none", name: "ce", model: model,
                        images: images),
                    evaluation(
                        "pgd:epsilon=0.1,start=none", name: "odds", model: model, images: images),
                    evaluation("fgsm:epsilon=0.1", name: "one step", model: model, images: images),
                    evaluation(
                        "pgd:epsilon=0.2,start=none", name: "wide", model: model, images: images),
                ])
        }
        #expect(try findings(plain).isEmpty)
        let masked = linearModel(pixels: 100, classCount: 5, batchSize: 64, scale: 2000)
        let found = try findings(masked)
        // On another model the same sets are in no order.
        let elsewhere = try ["pgd:epsilon=0.1,loss=ce,start=none", "pgd:epsilon=0.1,start=none"].map
        {
            let result = try AttackSpecification.parse($0).craft(against: masked, images: images)
            return try Evaluator.evaluate(
                masked, checkpoint: "m", digest: Digest(hashing: [8]),
                on: AdversarialSet(name: $0, result: result, sourceModel: digest))
        }
        #expect(AttackOrder.violations(among: elsewhere).isEmpty)
        #expect(elsewhere.allSatisfy { $0.quantisation.isEmpty })
        #expect(found.map(\.expectation) == [.lossesAgree])
        #expect(found.first?.finding.contains("'odds' alone breaks") == true)
        #expect(found.first?.json["comparison"]?["p_value"] != nil)
    }

    @Test func clustersOfRowsWidenTheInterval() throws {
        // 40 images with nine rows each that share their fate: as uncertain as 40 rows.
        let clusters = (0..<360).map { $0 / 9 }
        let hits = clusters.map { $0 % 2 == 0 }
        let interval = try #require(ClusteredInterval.interval(hits: hits, clusters: clusters))
        let (naive, honest) = (Rate(180, of: 360).interval, Rate(20, of: 40).interval)
        #expect(interval.lowerBound < naive.lowerBound && interval.upperBound > naive.upperBound)
        #expect(abs(interval.lowerBound - honest.lowerBound) < 0.03)
        #expect(abs(interval.upperBound - honest.upperBound) < 0.03)
        #expect(ClusteredInterval.interval(hits: hits, clusters: clusters) == interval)
        #expect(ClusteredInterval.interval(hits: hits, clusters: Array(0..<360)) == nil)
        // Where all rows agree no resample differs; the clusters still are but 40.
        let none = [Bool](repeating: false, count: 360)
        #expect(
            ClusteredInterval.interval(hits: none, clusters: clusters) == Rate(0, of: 40).interval)
    }

    @Test func cleanRowsAreComparedWithTheirDataSet() throws {
        let model = parityNetwork()
        let data = try seenImages(model, count: 30)
        let rowIDs = [3, 9, 12, 29]
        let some = try labelled(
            rowIDs.flatMap { data.pixels($0..<($0 + 1)) }, shape: [1, 6, 6],
            labels: rowIDs.map { data.labels[$0] }, classCount: 5)
        let result = try AttackSpecification.parse("fgsm:epsilon=0.1").craft(
            against: model, images: some, rowIDs: rowIDs
        ) { _ in true }
        func agreement(_ data: LabelledImages) throws -> DataAgreement {
            try DataAgreement(
                of: AdversarialSet(name: "set", result: result, sourceModel: nil), with: data)
        }
        #expect(try agreement(data).isComplete)
        var pixels = data.pixels(0..<30)
        pixels[9 * 36 + 5] += 0.01
        var labels = data.labels
        labels[12] = (labels[12] + 1) % 5
        let changed = try labelled(pixels, shape: [1, 6, 6], labels: labels, classCount: 5)
        let found = try agreement(changed.rows(0..<20))
        #expect(found.wrongPixels == [9] && found.wrongLabels == [12] && found.missing == [29])
        #expect(found.json["agrees"] == false)
    }
}
