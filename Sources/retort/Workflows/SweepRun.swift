// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Reporting
import Robustness
import Tensors
import Training

/// What a sweep is asked to do.
struct SweepPlan {
    let data: String
    let temperatures: [Double]
    let prefix: String
    let architecture: String
    /// Of every training but the common start; its loss is replaced by each net's own.
    let recipe: Recipe
    /// The one that the recipe's adversarial training names.
    var perturbation: (any BatchPerturbation)?
    /// Epochs at T = 1 of the net that all others start from; 0 for a fresh start of each.
    let warmStart: Int
    /// Images that JSMA and C&W attack, the first that the net classifies correctly.
    let sources: Int
    /// Test rows that PGD attacks, from the first; the sources are among them.
    let rows: Int
    /// The attacks to run, by what they are called in the store.
    let attacks: [SweepAttack]
    /// The budget of PGD; nil for 3/10, or 8/255 on photographs.
    let epsilon: String?
    let steps: CarliniWagnerSteps

    /// How long C&W searches: steps of each search for its constant, and how many searches.
    struct CarliniWagnerSteps {
        var steps = 200
        var search = 9

        var text: String { "steps=\(steps),search=\(search)" }
    }

    var names: SweepNames { SweepNames(prefix: prefix) }

    /// The text of an attack on the student at a temperature, or on the baseline at T = 1.
    func text(of attack: SweepAttack, temperature: Double) throws -> String {
        let seed = "seed=\(recipe.seed)"
        switch attack {
        // The published share of the features: 112 of MNIST's 784.
        case .jsma: return "jsma:variant=f,features=14.29%,targeted=all,\(seed)"
        case .scaledJSMA:
            let text = NumberText.short(temperature, digits: 6)
            return
                "jsma:variant=ft,temperature=\(text),features=14.29%,targeted=all,\(seed)"
        case .logOddsPGD: return try pgd("log-odds") + "," + seed
        case .crossEntropyPGD: return try pgd("ce") + "," + seed
        case .carliniWagner:
            // In a few hundred steps of the published rate, 1/100, a pixel that is black or white
            // does not leave the flat end of the tanh.
            return "cw:norm=l2,learning-rate=1/20,\(steps.text),\(seed)"
        }
    }

    /// Madry's settings for either kind of data: 40 steps of a thirtieth on strokes, 20 of a quarter
    /// on photographs.
    private func pgd(_ loss: String) throws -> String {
        if let epsilon { return "pgd:epsilon=\(epsilon),steps=40,loss=\(loss)" }
        switch try DataSpecification.parse(data).source {
        case .mnist, .digits: return "pgd:epsilon=3/10,steps=40,step=1/100,loss=\(loss)"
        default: return "pgd:epsilon=8/255,steps=20,step=2/255,loss=\(loss)"
        }
    }

    /// - Throws: ``Failure`` for settings out of range, `RobustnessError` for an attack that cannot
    ///   be read.
    func validate() throws {
        guard !temperatures.isEmpty, temperatures.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw Failure("--temperatures has no temperatures, or one that is not above 0")
        }
        guard Set(temperatures.map(SweepNames.text)).count == temperatures.count else {
            throw Failure("--temperatures has a temperature twice")
        }
        guard warmStart >= 0, sources >= 1, rows >= 1 else {
            throw Failure("--warm-start is below 0, or --sources or --rows below 1")
        }
        guard ObjectName.isValid(names.start, kind: .checkpoint) else {
            throw Failure(
                "--prefix is '\(prefix)', expected letters, digits, '.', '_' and '-' only")
        }
        try recipe.validate()
        for attack in attacks {
            _ = try AttackSpecification.parse(text(of: attack, temperature: 1))
        }
    }
}

/// Teacher and student at each temperature and their attacks: what `retort sweep` does.
///
/// Every net, cache and set is committed when it is done. What the store has already is not made
/// again, so that a run that was interrupted goes on where it stopped. Several processes take the
/// temperatures in turn, each in a store of its own, which the first one joins at the end.
struct SweepRun {
    let store: String
    let plan: SweepPlan
    var ranks = Ranks.alone

    /// - Returns: nil in processes other than the first.
    /// - Throws: ``Failure`` when the store holds a sweep of the same prefix and other settings.
    func run(progress: ProgressReporter, note: @escaping (String) -> Void) throws -> SweepResults? {
        try plan.validate()
        let data = try LoadedData(plan.data)
        guard data.test != nil else {
            throw Failure("\(data.specification): has no test rows, which a sweep attacks")
        }
        let merge = SweepMerge(store: store, prefix: plan.prefix)
        if ranks.isFirst { try merge.run() }
        try ranks.wait()
        let own = ranks.part(of: store)
        if !ranks.isFirst { try merge.copyKnown(to: own) }
        do {
            let steps = try SweepSteps(
                store: own, plan: plan, data: data, progress: progress, note: note)
            for (index, temperature) in temperatures.enumerated() where ranks.owns(index) {
                try steps.run(temperature)
            }
        } catch let failure as Failure where failure.exitCode == 130 {
            throw Failure.interrupted(
                "\(own) holds what was finished; the same command goes on from there")
        }
        try ranks.wait()
        guard ranks.isFirst else { return nil }
        try merge.run()
        note("measuring")
        return try SweepResults(prefix: plan.prefix, in: Store.open(path: store))
    }

    /// One unit of work each; nil stands for the baseline where T = 1, whose teacher it is, is not
    /// swept over.
    private var temperatures: [Double?] {
        let others: [Double?] = plan.temperatures.filter { $0 != 1 }.sorted()
        return [plan.temperatures.contains(1) ? 1 : nil] + others
    }
}
