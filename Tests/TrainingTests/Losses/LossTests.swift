// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

struct LossTests {
    @Test func lossesAndGradientsAgreeWithPyTorch() throws {
        let recorded = try jsonFixture("training/losses/torch.json")
        let student = try #require(recorded["student"]).floats
        let teacher = try #require(recorded["teacher"]).floats
        let labels = try #require(recorded["labels"]?.arrayValue).map {
            Int32($0.integerValue ?? -1)
        }
        let images = plainImages(count: labels.count)
        let cases = try #require(recorded["cases"]?.arrayValue)
        #expect(cases.count == 16)
        for recordedCase in cases {
            let loss = try Loss(json: #require(recordedCase["loss"]))
            let soft = try loss.softTargetKind.map { kind in
                try TeacherTargets(kind, caches: [cache(teacher, for: images)], images: images)
            }
            let (value, gradient) = try evaluate(
                loss, logits: student, labels: labels, classes: 10, soft: soft?.table)
            let expected = try #require(recordedCase["value"]?.doubleValue)
            #expect(abs(value.mean - expected) <= 1e-5 * abs(expected) + 1e-6, "\(loss)")
            expectClose(
                gradient, try #require(recordedCase["gradient"]).floats, absolute: 2e-7,
                relative: 2e-6, "gradient of \(loss)")
        }
    }

    static let losses: [Loss] = [
        .crossEntropy(temperature: 1), .crossEntropy(temperature: 40),
        .softCrossEntropy(temperature: 5), .hinton(alpha: 0.6, temperature: 3), .logitMatching,
    ]

    @Test(arguments: losses) func gradientsAreTheSlopeOfTheLoss(loss: Loss) throws {
        let images = plainImages(count: 3)
        let soft = try loss.softTargetKind.map {
            try TeacherTargets(
                $0, caches: [cache(normals(30, scale: 2, seed: 5), for: images)], images: images)
        }
        let logits = normals(30, scale: 2)
        let labels: [Int32] = [0, 9, 4]
        let gradient = try evaluate(
            loss, logits: logits, labels: labels, classes: 10, soft: soft?.table
        ).gradient
        // Central differences with a power of two, so that the step itself is exact.
        let step: Float = 0x1p-6
        let slopes = try logits.indices.map { index -> Float in
            var above = logits
            var below = logits
            above[index] += step
            below[index] -= step
            let width = Double(above[index]) - Double(below[index])
            let values = try [above, below].map {
                try evaluate(loss, logits: $0, labels: labels, classes: 10, soft: soft?.table).value
                    .mean
            }
            return Float((values[0] - values[1]) / width)
        }
        expectClose(gradient, slopes, absolute: 3e-5, relative: 1e-4, "\(loss)")
    }

    @Test func aSaturatedRowKeepsItsGradient() throws {
        // In single precision softmax of the label is exactly 1 here, and p - 1 exactly 0.
        let logits: [Float] = [60, 0, 1]
        let (value, gradient) = try evaluate(
            .crossEntropy(temperature: 1), logits: logits, labels: [0], classes: 3)
        let tail = exp(-60.0) + exp(-59.0)
        #expect(abs(value.mean - tail) < 1e-6 * tail)
        expectClose(
            gradient, [Float(-tail), Float(exp(-60.0)), Float(exp(-59.0))], relative: 1e-6)
    }

    @Test(arguments: losses) func gradientsOfARowSumToZero(loss: Loss) throws {
        let images = plainImages(count: 3)
        let soft = try loss.softTargetKind.map {
            try TeacherTargets(
                $0, caches: [cache(normals(30, seed: 5), for: images)], images: images)
        }
        let gradient = try evaluate(
            loss, logits: normals(30, scale: 9), labels: [1, 2, 3], classes: 10, soft: soft?.table
        ).gradient
        for row in 0..<3 {
            let sum = gradient[(row * 10)..<((row + 1) * 10)].reduce(0.0) { $0 + Double($1) }
            #expect(abs(sum) < 1e-6)
        }
    }

    @Test func theHintonGradientDoesNotDependOnTheTemperature() throws {
        // Hinton, Vinyals and Dean, section 2: this is what the factor T^2 is for.
        let images = plainImages(count: 8)
        func norm(_ temperature: Double) throws -> Float {
            let loss = Loss.hinton(alpha: 1, temperature: temperature)
            let soft = try TeacherTargets(
                .probabilities(temperature: temperature),
                caches: [cache(normals(80, seed: 3), for: images)], images: images)
            let gradient = try evaluate(
                loss, logits: normals(80), labels: Array(repeating: 0, count: 8), classes: 10,
                soft: soft.table
            ).gradient
            return gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
        }
        let ratio = try norm(100) / norm(10)
        #expect(abs(ratio - 1) < 0.05)
    }

    @Test func atHighTemperatureHintonTendsToLogitMatching() throws {
        let images = plainImages(count: 8)
        let teacher = try cache(normals(80, seed: 3), for: images)
        let logits = normals(80)
        func gradient(_ loss: Loss) throws -> [Float] {
            let kind = try #require(loss.softTargetKind)
            let soft = try TeacherTargets(kind, caches: [teacher], images: images)
            return try evaluate(
                loss, logits: logits, labels: Array(repeating: 0, count: 8), classes: 10,
                soft: soft.table
            ).gradient
        }
        let hinton = try gradient(.hinton(alpha: 1, temperature: 1000)).map { $0 * 10 }
        expectClose(hinton, try gradient(.logitMatching), absolute: 2e-3)
    }

    @Test func accuracyCountsTrueLabelsEvenWhenTheTargetsAreATeachers() throws {
        let logits: [Float] = [3, 0, 0, 3]
        let labels: [Int32] = [1, 1]
        let truth: [Int32] = [0, 0]
        let value = try logits.withUnsafeBufferPointer { logits in
            try labels.withUnsafeBufferPointer { labels in
                try truth.withUnsafeBufferPointer { truth in
                    try Loss.crossEntropy(temperature: 1).evaluate(
                        logits: logits, count: 2, classes: 2,
                        targets: LossTargets(labels: labels, truth: truth), gradient: nil)
                }
            }
        }
        #expect(value.correct == 1)
        #expect(value.accuracy == 0.5)
    }

    @Test func whatDoesNotFitIsRefusedInASentence() throws {
        func message(_ body: () throws -> Void) -> String {
            do {
                try body()
                return "no error"
            } catch {
                return "\(error)"
            }
        }
        let loss = Loss.crossEntropy(temperature: 1)
        #expect(
            message { _ = try evaluate(loss, logits: [0, 0], labels: [2], classes: 2) }
                == "label 2 of row 0 is not one of 2 classes")
        #expect(
            message {
                _ = try evaluate(
                    .softCrossEntropy(temperature: 2), logits: [0, 0], labels: [1], classes: 2)
            } == "the loss needs 2 soft targets, found 0")
        #expect(
            message { _ = try Loss(json: ["kind": "hinton", "alpha": 2, "temperature": 3]) }
                == "alpha 2.0 is not between 0 and 1")
        #expect(
            message { _ = try Loss(json: ["kind": "hinton", "alpha": 1, "temprature": 3]) }
                == "the loss lacks 'temperature'")
        #expect(
            message { _ = try Loss(json: ["kind": "cross_entropy", "tau": 3]) }
                == "the loss has an unknown setting 'tau', expected one of kind, temperature")
    }

    @Test(arguments: losses) func jsonReadsBackToTheSameLoss(loss: Loss) throws {
        #expect(try Loss(json: JSON(parsing: loss.json.text())) == loss)
    }

    @Test func effectiveWeightsSayWhatReachesTheGradient() {
        let hinton = Loss.hinton(alpha: 0.9, temperature: 4).effectiveWeights
        #expect(abs(hinton.soft - 14.4) < 1e-12)
        #expect(abs(hinton.softGradient - 3.6) < 1e-12)
        #expect(abs(hinton.hard - 0.1) < 1e-12)
        #expect(hinton.hasTemperatureSquared)
        #expect(
            hinton.summary
                == "0.1 x CE(z, label) + 14.4 x KL(teacher at 4 || z / 4) [alpha T^2], "
                + "gradient (p - label) x 0.1 + (p - teacher) x 3.6 [alpha T]")
        let defensive = Loss.softCrossEntropy(temperature: 40).effectiveWeights
        #expect(defensive.softGradient == 0.025)
        #expect(!defensive.hasTemperatureSquared)
        #expect(
            defensive.summary
                == "1 x CE(z / 40, teacher at 40), no T^2, no labels, gradient (p - teacher) x 0.025"
        )
    }
}
