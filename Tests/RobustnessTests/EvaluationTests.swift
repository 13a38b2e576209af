// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct EvaluationTests {
    private let digest = Digest(hashing: Array("model".utf8))
    private let otherDigest = Digest(hashing: Array("other".utf8))

    private func crafted(
        _ text: String, model: AnalyticModel, count: Int = 60
    ) throws -> AdversarialSet {
        let images = try seenImages(model, count: count)
        let labels = images.labels.enumerated().map { $0 % 10 == 9 ? ($1 + 1) % 5 : $1 }
        let result = try AttackSpecification.parse(text).craft(
            against: model,
            images: try labelled(
                images.images.floats(), shape: model.imageShape, labels: labels, classCount: 5))
        return AdversarialSet(name: "set", result: result, sourceModel: digest)
    }

    private func evaluate(
        _ model: AnalyticModel, _ set: AdversarialSet, digest: Digest? = nil
    ) throws -> Evaluation {
        try Evaluator.evaluate(
            model, checkpoint: "teacher", digest: digest ?? self.digest, on: set)
    }

    /// The set with some values of its examples replaced.
    private func doctored(
        _ set: AdversarialSet, _ change: (inout [Float]) -> Void
    ) throws -> AdversarialSet {
        var values = try set.adversarial.floats()
        change(&values)
        return try AdversarialSet(
            name: set.name, adversarial: Tensor(values, shape: set.adversarial.shape),
            clean: set.clean, labels: set.labels, targets: set.targets,
            metadata: [
                "threat_model": set.threatModel.json, "attack": set.attack,
                "source_model": ["digest": .string(digest.hexadecimal)],
            ])
    }

    @Test func threeDenominatorsAddUp() throws {
        let model = parityNetwork()
        let set = try crafted("pgd:epsilon=0.03,start=none", model: model)
        let evaluation = try evaluate(model, set)
        let statuses = try AttackSpecification.parse("pgd:epsilon=0.03,start=none").craft(
            against: model,
            images: labelled(
                set.clean.floats(), shape: [1, 6, 6], labels: set.labels, classCount: 5)
        ).statuses
        let broken = statuses.count { $0 == .success }
        #expect(broken > 0 && broken < 54)
        #expect(evaluation.cleanAccuracy == Rate(54, of: 60))
        #expect(evaluation.rates.adversarialAccuracy == Rate(54 - broken, of: 60))
        #expect(evaluation.rates.accuracyOnBoth == Rate(54 - broken, of: 60))
        #expect(evaluation.rates.success == Rate(6 + broken, of: 60))
        #expect(evaluation.rates.successCleanCorrect == Rate(broken, of: 54))
        #expect(evaluation.rates.targetedSuccess == nil)
        #expect(evaluation.asStored == evaluation.rates)
        #expect(evaluation.threatCheck.violations.isEmpty)
        #expect(evaluation.threatCheck.withinTolerance == 0)
        #expect(evaluation.threatCheck.unchangedRows == 6)
        #expect(evaluation.classes.reduce(0) { $0 + $1.rows } == 60)
        #expect(evaluation.confusion.joined().reduce(0, +) == 60)
    }

    @Test func theJSONHasTheFixedKeys() throws {
        let model = parityNetwork()
        let json = try evaluate(model, crafted("fgsm:epsilon=0.1", model: model)).json
        for key in [
            "checkpoint", "set", "access", "rows", "clean_accuracy", "adversarial_accuracy",
            "success_rate", "success_rate_clean_correct", "interval_95", "threat_model", "masking",
        ] { #expect(json[key] != nil, "\(key)") }
        for key in ["norm", "epsilon", "violations", "max_distance"] {
            #expect(json["threat_model"]?[key] != nil, "\(key)")
        }
        #expect(json["access"] == "white-box")
        #expect(json["rows"] == 60)
        #expect(json["interval_95"]?.arrayValue?.count == 2)
        #expect(try JSON(parsing: json.text()) == json)
        #expect(json.text().contains("robust") == false)
    }

    @Test func equalDigestsMeanWhiteBoxAndOthersTransfer() throws {
        let model = parityNetwork()
        let set = try crafted("fgsm:epsilon=0.1", model: model)
        #expect(try evaluate(model, set).access == .whiteBox)
        let transfer = try evaluate(model, set, digest: otherDigest)
        #expect(transfer.access == .transfer)
        #expect(transfer.verdict.contains("transferred"))
    }

    @Test func violationsAreFoundAndCountAsNotAttacked() throws {
        let model = parityNetwork()
        let set = try crafted("pgd:epsilon=0.1,start=none", model: model)
        let before = try evaluate(model, set)
        let broken = try #require(
            before.outcomes.indices.first {
                $0 > 1 && before.outcomes[$0].isCleanCorrect
                    && !before.outcomes[$0].isAdversarialCorrect
            })
        let clean = try set.clean.floats()
        // Double one row's change, and push one pixel of row 1 out of the box.
        let changed = try doctored(set) { values in
            for index in (broken * 36)..<(broken * 36 + 36) {
                values[index] = min(max(clean[index] + 2 * (values[index] - clean[index]), 0), 1)
            }
            values[36 + 3] = 1.001
        }
        let after = try evaluate(model, changed)
        #expect(Set(after.threatCheck.violations.map(\.rowID)) == [broken, 1])
        #expect(after.threatCheck.maximalDistance ?? 0 > 0.15)
        #expect(after.outcomes[broken].isAdversarialCorrect)
        #expect(after.outcomes[broken].storedPrediction != set.labels[broken])
        #expect(after.asStored.success.count > after.rates.success.count)
        #expect(after.json["threat_model"]?["violations"] == 2)
        #expect(after.verdict.contains("2 rows break its threat model"))
    }

    @Test func anUlpOfAnotherToolIsToleratedAndCounted() throws {
        let model = parityNetwork()
        let set = try crafted("fgsm:epsilon=0.1", model: model)
        let clean = try set.clean.floats()
        // x + 0.1 as other tools compute it: a `Float` sum that may round outwards.
        let sums = try doctored(set) { values in
            for index in values.indices where abs(values[index] - clean[index]) > 0.09 {
                let sum = clean[index] + (values[index] > clean[index] ? Float(0.1) : -0.1)
                values[index] = min(max(sum, 0), 1)
            }
        }
        let evaluation = try evaluate(model, sums)
        #expect(evaluation.threatCheck.violations.isEmpty)
        #expect(evaluation.threatCheck.withinTolerance > 0)
    }

    @Test(arguments: [Float.nan, .infinity])
    func rowsThatAreNotFiniteAreRejected(value: Float) throws {
        let model = parityNetwork()
        let set = try crafted("pgd:epsilon=0.1,start=none", model: model)
        let evaluation = try evaluate(model, doctored(set) { $0[2 * 36 + 7] = value })
        #expect(evaluation.threatCheck.rejected.map(\.rowID) == [2])
        #expect(evaluation.outcomes[2].prediction == set.labels[2])
        #expect(evaluation.outcomes[2].storedPrediction == nil)
        #expect(evaluation.asStored.success.count >= evaluation.rates.success.count)
        #expect(try JSON(parsing: evaluation.json.text())["threat_model"]?["rejected"] == 1)
    }

    @Test func logitsThatAreNotFiniteRejectTheRow() throws {
        let model = parityNetwork()
        let set = try crafted("pgd:epsilon=0.1,start=none", model: model)
        model.poison = try set.adversarial.floats()[4 * 36]
        let evaluation = try evaluate(model, set)
        #expect(evaluation.threatCheck.rejected.contains { $0.rowID == 4 })
    }

    @Test func targetedSetsSayBothSuccesses() throws {
        let model = parityNetwork()
        let set = try crafted("pgd:epsilon=0.06,targeted=next", model: model)
        let evaluation = try evaluate(model, set)
        let targeted = try #require(evaluation.rates.targetedSuccessCleanCorrect)
        #expect(targeted.total == 54)
        #expect(targeted.count > 0)
        #expect(evaluation.rates.successCleanCorrect.count >= targeted.count)
        #expect(evaluation.json["targeted_success_rate"] != nil)
    }

    @Test func bytesAreReadAsPixelsOf255() throws {
        let model = parityNetwork()
        var stream = RandomStream(seed: 3, purpose: .test)
        let clean = (0..<(9 * 36)).map { _ in UInt8(10 + stream.integer(below: 200)) }
        let moved = clean.map { $0 + 8 }
        let labels = try predictions(model, clean.map { Float($0) / 255 })
        let threat = ThreatModel(norm: .linf, epsilon: try ExactFraction(parsing: "8/255"))
        let set = try AdversarialSet(
            name: "bytes", adversarial: Tensor(trusted: .u8, shape: [9, 1, 6, 6], values: moved),
            clean: Tensor(trusted: .u8, shape: [9, 1, 6, 6], values: clean), labels: labels,
            targets: [Int](repeating: -1, count: 9), metadata: ["threat_model": threat.json])
        let evaluation = try evaluate(model, set)
        #expect(evaluation.cleanAccuracy.count == 9)
        #expect(evaluation.threatCheck.violations.isEmpty)
        #expect(evaluation.access == .transfer && !evaluation.isSourceKnown)
    }

    @Test func setsThatDoNotFitAreRefused() throws {
        let model = parityNetwork()
        let set = try crafted("fgsm:epsilon=0.1", model: model)
        func made(
            clean: Tensor? = nil, labels: [Int]? = nil, metadata: JSON? = nil
        ) throws -> AdversarialSet {
            try AdversarialSet(
                name: "set", adversarial: set.adversarial, clean: clean ?? set.clean,
                labels: labels ?? set.labels, targets: set.targets,
                metadata: metadata ?? ["threat_model": set.threatModel.json])
        }
        #expect(throws: RobustnessError.self) { try made(clean: set.clean.rows(0..<5)) }
        #expect(throws: RobustnessError.self) { try made(labels: [1, 2]) }
        #expect(throws: RobustnessError.self) { try made(metadata: [:]) }
        #expect(throws: RobustnessError.self) {
            try made(metadata: ["threat_model": ["norm": "l7", "epsilon": 1]])
        }
        #expect(throws: RobustnessError.self) {
            try made(metadata: [
                "threat_model": set.threatModel.json, "rows": ["indices": [1, 2, 3]],
            ])
        }
        #expect(throws: RobustnessError.self) {
            try evaluate(linearModel(pixels: 36, classCount: 5), set)
        }
    }

    @Test func metadataCarriesEverythingASetNeeds() throws {
        let model = parityNetwork()
        let images = try seenImages(model, count: 10)
        let attack = try AttackSpecification.parse("pgd:epsilon=8/255,seed=7")
        let result = try attack.craft(
            against: model, images: images, rowIDs: [4, 9, 2, 7, 1, 0, 3, 5, 6, 8]
        ) { _ in true }
        let metadata = result.metadata(
            sourceModel: digest, sourceName: "teacher", data: otherDigest, dataName: "digits/test")
        let set = try AdversarialSet(
            name: "set", adversarial: result.adversarial, clean: result.clean,
            labels: result.labels, targets: result.targets,
            metadata: JSON(parsing: metadata.text()))
        #expect(set.rowIDs == result.rowIDs)
        #expect(set.threatModel == attack.threatModel)
        #expect(set.sourceModel == digest)
        #expect(set.attackText == attack.canonicalText)
        #expect(metadata["seed"] == 7)
        #expect(metadata["generator"] == "philox4x32-10")
        #expect(metadata["threat_model"]?["box"] == [0, 1])
    }
}
