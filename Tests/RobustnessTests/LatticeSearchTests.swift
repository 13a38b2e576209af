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
}
