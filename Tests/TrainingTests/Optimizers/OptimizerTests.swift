// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Training

struct OptimizerTests {
    private static func slices(_ count: Int) -> [ParameterSlice] {
        [ParameterSlice(name: "w", shape: [count], offset: 0)]
    }

    private static func step(
        _ optimizer: Optimizer, _ values: inout [Float], _ gradients: [Float], rate: Double
    ) {
        values.withUnsafeMutableBufferPointer { values in
            gradients.withUnsafeBufferPointer { gradients in
                optimizer.step(values: values, gradients: gradients, learningRate: rate)
            }
        }
    }

    @Test func threeStepsOfEveryRuleAgreeWithPyTorch() throws {
        let recorded = try jsonFixture("training/optimizers/torch.json")
        let start = try #require(recorded["start"]).floats
        let gradients = try #require(recorded["gradients"]?.arrayValue).map(\.floats)
        let cases = try #require(recorded["cases"]?.arrayValue)
        #expect(cases.count == 8)
        for recordedCase in cases {
            let rule = try OptimizerRule(json: #require(recordedCase["settings"]))
            let rate = try #require(recordedCase["learning_rate"]?.doubleValue)
            let optimizer = try Optimizer(rule, slices: Self.slices(start.count))
            var values = start
            let steps = try #require(recordedCase["steps"]?.arrayValue)
            for (gradient, expected) in zip(gradients, steps) {
                Self.step(optimizer, &values, gradient, rate: rate)
                expectClose(values, expected.floats, absolute: 2e-7, relative: 1e-6, "\(rule)")
            }
        }
    }

    @Test func clippingAgreesWithPyTorch() throws {
        let recorded = try jsonFixture("training/optimizers/torch.json")
        let gradients = try #require(recorded["gradients"]?.arrayValue)[0].floats
        for clipped in try #require(recorded["clipped"]?.arrayValue) {
            var found = gradients
            let norm = try found.withUnsafeMutableBufferPointer {
                GradientClipping.clip(
                    $0, slices: Self.slices(gradients.count),
                    maximumNorm: try #require(clipped["maximum"]?.doubleValue))
            }
            #expect(abs(norm - (clipped["norm"]?.doubleValue ?? .nan)) < 1e-5)
            expectClose(found, try #require(clipped["gradient"]).floats, relative: 1e-6)
        }
    }

    @Test func schedulesAgreeWithPyTorchAtTheStartOfEveryEpoch() throws {
        let recorded = try jsonFixture("training/optimizers/torch.json")
        for recordedCase in try #require(recorded["schedules"]?.arrayValue) {
            let schedule = try LearningRateSchedule(json: #require(recordedCase["schedule"]))
            let epochs = try #require(recordedCase["epochs"]?.integerValue)
            let found = (0..<epochs).map {
                Float(schedule.factor(step: $0, stepsPerEpoch: 1, epochs: epochs))
            }
            expectClose(
                found, try #require(recordedCase["rates"]).floats, absolute: 1e-6, "\(schedule)")
        }
    }

    @Test func warmUpRisesWithEveryStepAndEndsAtTheFullRate() {
        let schedule = LearningRateSchedule(.constant, warmUpEpochs: 0.5)
        let factors = (0..<6).map { schedule.factor(step: $0, stepsPerEpoch: 8, epochs: 2) }
        #expect(factors == [0.25, 0.5, 0.75, 1, 1, 1])
    }

    static let rules: [OptimizerRule] = [
        .sgd(), .sgd(momentum: 0.9, nesterov: true, weightDecay: 0.01), .adam(),
        .adamW(weightDecay: 0.1),
    ]

    @Test(arguments: rules) func theNumberOfThreadsDoesNotShow(rule: OptimizerRule) throws {
        // 100,000 parameters are shared between threads; slices of 1,000 are not.
        let count = 100_000
        let start = normals(count)
        let gradient = normals(count, seed: 2)
        let whole = try Optimizer(rule, slices: Self.slices(count))
        var together = start
        for _ in 0..<3 { Self.step(whole, &together, gradient, rate: 0.01) }
        var apart: [Float] = []
        for first in stride(from: 0, to: count, by: 1000) {
            let part = try Optimizer(rule, slices: Self.slices(1000))
            var values = Array(start[first..<(first + 1000)])
            for _ in 0..<3 {
                Self.step(part, &values, Array(gradient[first..<(first + 1000)]), rate: 0.01)
            }
            apart += values
        }
        #expect(together == apart)
    }

    @Test(arguments: rules) func stateMovesToANewOptimizerBitForBit(rule: OptimizerRule) throws {
        let slices = [
            ParameterSlice(name: "conv1/weight", shape: [3, 2], offset: 0),
            ParameterSlice(name: "bn1/running_mean", shape: [3], offset: 16, isTrainable: false),
            ParameterSlice(name: "fc1/bias", shape: [4], offset: 32),
        ]
        let first = try Optimizer(rule, slices: slices)
        var values = normals(36)
        let gradients = (0..<4).map { normals(36, seed: UInt64($0)) }
        for gradient in gradients.prefix(2) { Self.step(first, &values, gradient, rate: 0.01) }
        let state = first.exportState()
        #expect(state.names.first == "step")
        #expect(!state.names.contains { $0.contains("running_mean") })
        let second = try Optimizer(rule, slices: slices)
        try second.importState(state)
        var copies = values
        for gradient in gradients.suffix(2) {
            Self.step(first, &values, gradient, rate: 0.01)
            Self.step(second, &copies, gradient, rate: 0.01)
        }
        #expect(values == copies)
        #expect(first.exportState() == second.exportState())
    }

    @Test(arguments: rules) func runningStatisticsAndGapsStayAsTheyAre(rule: OptimizerRule) throws {
        let slices = [
            ParameterSlice(name: "w", shape: [2], offset: 0),
            ParameterSlice(name: "running_mean", shape: [2], offset: 2, isTrainable: false),
            ParameterSlice(name: "b", shape: [2], offset: 6),
        ]
        var values: [Float] = Array(repeating: 1, count: 8)
        let optimizer = try Optimizer(rule, slices: slices)
        Self.step(optimizer, &values, Array(repeating: 1, count: 8), rate: 0.5)
        #expect(values[2..<6].allSatisfy { $0 == 1 })
        #expect(values[0] < 1 && values[7] < 1)
    }

    @Test func aForeignStateIsRefusedAndChangesNothing() throws {
        let adam = try Optimizer(.adam(), slices: Self.slices(3))
        let before = adam.exportState()
        let momentum = try Optimizer(.sgd(momentum: 0.9), slices: Self.slices(3)).exportState()
        #expect(
            throws: TrainingError(
                "the optimizer state has 'momentum/w', which adam does not keep for this model")
        ) { try adam.importState(momentum) }
        var short = before
        short["exp_avg/w"] = Tensor([0, 0], shape: [2])
        #expect(
            throws: TrainingError("optimizer state 'exp_avg/w' is F32 (2), expected F32 (3)")
        ) { try adam.importState(short) }
        short["exp_avg/w"] = nil
        #expect(throws: TrainingError("the optimizer state of adam lacks 'exp_avg/w'")) {
            try adam.importState(short)
        }
        #expect(adam.exportState() == before)
    }

    @Test func theVectorisableRootIsWithinOneUnitInTheLastPlace() {
        var random = RandomStream(seed: 1, purpose: .test)
        for _ in 0..<20_000 {
            // Every normal exponent, any mantissa.
            let value = Float(bitPattern: 0x0080_0000 + random.next() % 0x7E80_0000)
            let exact = value.squareRoot()
            #expect(abs(value.newtonRoot - exact) <= exact.ulp)
        }
        #expect(Float(0).newtonRoot == 0)
        #expect(Float.nan.newtonRoot.isNaN)
    }

    @Test func momentsOfADeadWeightReachZeroInsteadOfSubnormalNumbers() throws {
        let optimizer = try Optimizer(.adam(), slices: Self.slices(1))
        var values: [Float] = [1]
        Self.step(optimizer, &values, [1e-3], rate: 1e-3)
        for _ in 0..<1000 { Self.step(optimizer, &values, [0], rate: 1e-3) }
        #expect(try optimizer.exportState()["exp_avg/w"]?.floats() == [0])
    }

    @Test(arguments: rules) func jsonReadsBackToTheSameRule(rule: OptimizerRule) throws {
        #expect(try OptimizerRule(json: JSON(parsing: rule.json.text())) == rule)
    }

    @Test func settingsOutOfRangeAreNamed() {
        #expect(throws: TrainingError("momentum of sgd is 0.0, expected more than 0 with nesterov"))
        {
            try OptimizerRule.sgd(nesterov: true).validate()
        }
        #expect(throws: TrainingError("beta2 of adam is 1.0, expected a number in [0, 1)")) {
            try OptimizerRule.adam(beta2: 1).validate()
        }
        #expect(throws: TrainingError("the step schedule has epochs 0, expected 1 or more")) {
            try LearningRateSchedule(json: ["kind": "step", "epochs": 0])
        }
        #expect(
            throws: TrainingError("optimizer 'rmsprop' is unknown, expected sgd, adam or adamw")
        ) {
            try OptimizerRule(json: ["kind": "rmsprop"])
        }
    }
}
