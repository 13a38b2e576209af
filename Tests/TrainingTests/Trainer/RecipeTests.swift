// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing
import Training

struct RecipeTests {
    @Test func jsonReadsBackToTheSameRecipe() throws {
        let recipe = Recipe(
            epochs: 12, batchSize: 64, optimizer: .sgd(momentum: 0.9, nesterov: true),
            learningRate: 0.05,
            schedule: LearningRateSchedule(.cosine(final: 0.01), warmUpEpochs: 0.5), clipNorm: 5,
            loss: .hinton(alpha: 0.3, temperature: 8),
            augmentation: Augmentation(cropPadding: 4, horizontalFlip: true), seed: .max,
            splitSeed: 3, validationFraction: 0.05, precision: .bf16,
            fineTuning: FineTuning(epochs: 2, learningRate: 1e-4, temperature: 40))
        #expect(try Recipe(json: JSON(parsing: recipe.json.text())) == recipe)
        #expect(try Recipe(json: JSON(parsing: Recipe().json.text())) == Recipe())
        #expect(try Recipe(json: [:]) == Recipe())
        #expect(recipe.totalEpochs == 14)
    }

    static let wrong: [(JSON, String)] = [
        (["epochs": 0], "epochs is 0, expected 1 or more"),
        (["epochs": 1.5], "'epochs' of the recipe is 1.5, expected an integer"),
        (["batch_size": 0], "batch_size is 0, expected 1 or more"),
        (["learning_rate": 0], "learning_rate is 0.0, expected more than 0"),
        (["validation_fraction": 1], "validation_fraction is 1.0, expected a number in [0, 1)"),
        (["precision": "f8"], "precision 'f8' is unknown, expected f32 or bf16"),
        (["loss": "hinton"], "the loss is not a JSON object: \"hinton\""),
        (
            ["fine_tuning": ["epochs": 0, "learning_rate": 0.1]],
            "epochs of fine_tuning is 0, expected 1 or more"
        ),
    ]

    @Test(arguments: wrong) func wrongSettingsAreNamed(json: JSON, message: String) {
        #expect(throws: TrainingError(message)) { try Recipe(json: json) }
    }

    @Test func aMisspeltSettingIsNotDropped() {
        #expect {
            try Recipe(json: ["epoch": 3])
        } throws: { error in
            "\(error)".hasPrefix("the recipe has an unknown setting 'epoch', expected one of ")
        }
    }
}
