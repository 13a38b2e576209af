// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Reporting
import Robustness
import Tensors
import Training

/// The whole story on one data set: what `retort demo` does.
///
/// An undistilled teacher, a teacher trained at T = 40, a student distilled from its cached logits
/// alone, FGSM and PGD sets on cross entropy and on log-odds and the JSMA sets of the claim against
/// each of the three, and every model judged offline on every set.
struct Demonstration {
    let store: String
    let data: String
    var epochs = 3
    var temperature = 40.0
    /// Test rows attacked.
    var rows = 300
    /// Of these, rows that JSMA changes into every other class.
    var saliencyRows = 20

    static let undistilled = "undistilled"
    static let teacher = "teacher"
    static let student = "student"
    static let models = [undistilled, teacher, student]

    func run(progress: ProgressReporter, note: (String) -> Void) throws {
        let loaded = try LoadedData(data)
        guard loaded.test != nil else {
            throw Failure("\(loaded.specification): has no test rows, which the demo attacks")
        }
        try train(loaded, progress: progress, note: note)
        try storeTestRows(loaded)
        let attacked = try CraftingRows("\(data)/test", count: rows)
        let sources = try CraftingRows("\(data)/test", count: min(rows, saliencyRows))
        for model in Self.models {
            for (loss, attack, epsilon) in attacks(on: loaded) {
                let crafting = Crafting(
                    store: store, checkpoint: model, rows: attacked,
                    attack: "\(attack):epsilon=\(epsilon),loss=\(loss)",
                    name: "\(model).\(attack).\(loss).\(epsilon)")
                guard let outcome = try crafting.run(progress: progress) else { continue }
                note(
                    "\(outcome.name): \(outcome.succeeded) of \(outcome.attacked) rows broken")
            }
            let saliency = Crafting(
                store: store, checkpoint: model, rows: sources, attack: "jsma",
                name: "\(model).jsma")
            guard let outcome = try saliency.run(progress: progress) else { continue }
            note(
                "\(outcome.name): \(outcome.succeeded) of \(outcome.attacked) targets reached")
        }
    }

    private func train(
        _ loaded: LoadedData, progress: ProgressReporter, note: (String) -> Void
    ) throws {
        func run(_ name: String, _ loss: Loss, _ distillation: TrainingRun.Distillation? = nil)
            throws
        {
            let recipe = Recipe(epochs: epochs, loss: loss, seed: 1)
            let outcome = try TrainingRun(
                store: store, name: name, data: loaded, architecture: "cnn", recipe: recipe,
                distillation: distillation
            ).run(progress: progress)
            note(
                "\(name): test accuracy \(NumberText.percent(outcome.testAccuracy ?? .nan)), \(NumberText.count(Int(outcome.imagesPerSecond))) images/s"
            )
        }
        try run(Self.undistilled, .crossEntropy(temperature: 1))
        try run(Self.teacher, .crossEntropy(temperature: temperature))
        let labelling = Labelling(
            store: store, checkpoint: Self.teacher, data: data, name: Self.teacher)
        let labels = try labelling.run(progress: progress)
        note("soft labels of \(Self.teacher): \(NumberText.count(labels.rows)) rows")
        let method = DistillationMethod.defensive(temperature: temperature)
        let cache = try Store.open(path: store).softLabels(named: Self.teacher)
        try run(
            Self.student, method.loss,
            TrainingRun.Distillation(caches: [cache], method: method))
    }

    /// The attacked rows go into the store as a data set, so that it needs no other file.
    private func storeTestRows(_ loaded: LoadedData) throws {
        guard let test = loaded.test else { return }
        let writer = try StoreWriter.open(path: store)
        defer { writer.close() }
        try writer.append(
            dataset: DatasetContent(
                images: test.rows(0..<min(rows, test.count)),
                metadata: ["data": .string(loaded.specification.description)]), named: "test")
        try writer.commit()
    }

    /// (loss, attack, epsilon): both attacks at the main budget, PGD at others for the curve.
    private func attacks(on loaded: LoadedData) -> [(loss: String, attack: String, epsilon: String)]
    {
        let main = Self.epsilon(for: loaded.specification)
        let curve = Self.curve(below: main)
        return ["ce", "log-odds"].flatMap { loss in
            [(loss, "fgsm", main), (loss, "pgd", main)] + curve.map { (loss, "pgd", $0) }
        }
    }

    /// Strokes on black take 0.3, as is usual for MNIST; photographs of clothes and of things less.
    private static func epsilon(for data: DataSpecification) -> String {
        switch data.source {
        case .digits, .mnist: "0.3"
        case .cifar10: "8/255"
        default: "0.1"
        }
    }

    private static func curve(below main: String) -> [String] {
        switch main {
        case "0.3": ["0.1", "0.15", "0.2"]
        case "8/255": ["1/255", "2/255", "4/255"]
        default: ["0.02", "0.04", "0.06"]
        }
    }
}
