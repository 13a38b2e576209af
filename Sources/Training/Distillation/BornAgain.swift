// SPDX-License-Identifier: Apache-2.0

/// Self-distillation over generations: each student has its teacher's shape, a fresh
/// initialisation, and the previous generation's cache (Furlanello et al., "Born-again neural
/// networks", 2018, section 3).
public enum BornAgain {
    /// The recipes of the generations after the first teacher, in order. Whoever runs them caches
    /// the logits of each before it starts the next, and reports each.
    ///
    /// Only the seed differs: the same one would start every generation from its teacher's own
    /// starting point, in its teacher's own order of batches. The rows held out for validation
    /// stay those of `recipe`.
    ///
    /// - Throws: ``TrainingError`` unless there is at least one generation.
    public static func recipes(
        generations: Int, method: DistillationMethod, from recipe: Recipe
    ) throws(TrainingError) -> [Recipe] {
        guard generations > 0 else {
            throw TrainingError("\(generations) generations, expected 1 or more")
        }
        return (1...generations).map { generation in
            var next = recipe
            next.loss = method.loss
            next.splitSeed = recipe.splitSeed ?? recipe.seed
            next.seed = recipe.seed &+ UInt64(generation)
            return next
        }
    }
}
