// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct LatticeSearchTests {
    /// Walks along the gradient by tiny steps and stops right behind the boundary, as searches for
    /// the smallest change do.
    private func craft(
        _ attack: ProjectedGradientDescent, lattice: PixelLattice?, model: AnalyticModel,
        images: LabelledImages
    ) throws -> AdversarialResult {
        let plan = AscentPlan(
            ball: attack.ball, step: attack.step, steps: attack.steps, restarts: 1,
            startsRandomly: false, loss: .logOdds, target: .none, keep: .first, seed: 0)
        return try attack.craft(
            plan.searchPlan, onto: lattice, against: model, images: images,
            rowIDs: Array(0..<images.count), progress: { _ in true }
        ) { GradientSearch(plan, row: $0) }
    }

    @Test(arguments: ["linf", "l2"])
    func whatIsFoundSucceedsOnTheLatticeToo(norm: String) throws {
        let model = parityNetwork(batchSize: 16)
        let pixels = try seenImages(model, count: 40).images.floats().map {
            ($0 * 15).rounded() / 15
        }
        let images = try labelled(
            pixels, shape: [1, 6, 6], labels: predictions(model, pixels), classCount: 5)
        let text = "pgd:norm=\(norm),epsilon=1,step=0.01,steps=200"
        let attack = try #require(
            AttackSpecification.parse(text) as? ProjectedGradientDescent)
        let exact = try craft(attack, lattice: nil, model: model, images: images)
        let arguments = try AttackArguments(
            attack: "pgd", keys: [PixelLattice.key], text: "lattice=15")
        let lattice = try #require(try PixelLattice(arguments: arguments))
        let found = try craft(attack, lattice: lattice, model: model, images: images)

        let values = try found.adversarial.floats()
        #expect(values.allSatisfy { ($0 * 15).rounded() / 15 == $0 })
        let seen = try predictions(model, values)
        for row in 0..<40 {
            #expect((found.statuses[row] == .success) == (seen[row] != images.labels[row]))
            #expect((found.statuses[row] == .success) == (found.margins[row] < 0))
        }
        // Levels this coarse undo many of the examples, and the tries bring most of them back.
        let rounded = try exact.adversarial.floats().map { ($0 * 15).rounded() / 15 }
        let survivors = zip(try predictions(model, rounded), images.labels).count { $0 != $1 }
        #expect(exact.count(of: .success) == 40)
        #expect(survivors < 40)
        #expect(found.count(of: .success) > survivors && found.count(of: .success) >= 36)
        let mean = { (result: AdversarialResult) in result.distances.reduce(0, +) / 40 }
        #expect(mean(found) < 2 * mean(exact) + 0.4)
    }

    @Test(arguments: [
        "deepfool:norm=l2", "deepfool:norm=linf", "cw:steps=60,search=3,c=0.1",
        "cw:norm=linf,steps=40,targeted=next", "jsma:features=8,theta=0.3,targeted=next",
        "jsma:features=8,theta=-1,targeted=all",
    ])
    func searchesForTheSmallestChangeTakeTheKey(text: String) throws {
        let model = parityNetwork(batchSize: 16)
        let pixels = try seenImages(model, count: 12).images.floats().map {
            ($0 * 255).rounded() / 255
        }
        let images = try labelled(
            pixels, shape: [1, 6, 6], labels: predictions(model, pixels), classCount: 5)
        let exact = try AttackSpecification.parse(text).craft(against: model, images: images)
        let result = try AttackSpecification.parse(text + ",lattice=255").craft(
            against: model, images: images)
        let values = try result.adversarial.floats()
        #expect(values.allSatisfy { ($0 * 255).rounded() / 255 == $0 })
        let seen = try predictions(model, values)
        for row in 0..<result.count where result.statuses[row] == .success {
            let target = result.targets[row]
            #expect(target < 0 ? seen[row] != result.labels[row] : seen[row] == target)
        }
        #expect(exact.count(of: .success) > 0)
        // 255 levels are fine enough that next to nothing is lost.
        #expect(result.count(of: .success) * 10 >= exact.count(of: .success) * 9)
        if let budget = result.threatModel.epsilon {
            #expect(result.distances.allSatisfy { $0 <= budget.value })
        }
    }
}
