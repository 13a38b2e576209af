// SPDX-License-Identifier: Apache-2.0

import Robustness
import Tensors
import Testing

@Suite struct SpecificationTests {
    @Test(arguments: [
        ("8/255", 8, 255, 255), ("0.3", 3, 10, 1), ("76.5/255", 3, 10, 255), ("2", 2, 1, 1),
        ("1e-3", 1, 1000, 1), ("0.031372549019608", 3_921_568_627_451, 125_000_000_000_000, 1),
        (".5", 1, 2, 1), ("0", 0, 1, 1), ("16/255", 16, 255, 255),
    ])
    func sizesAreReadExactly(text: String, numerator: Int, denominator: Int, scale: Int) throws {
        let fraction = try ExactFraction(parsing: text)
        #expect(fraction.numerator == numerator)
        #expect(fraction.denominator == denominator)
        #expect(fraction.scale == scale)
        #expect(fraction.text == text)
    }

    @Test(arguments: [
        "", "x", "-1", "1/0", "8/-255", "1/2/3", "8/2.5", "1e99", "0.1.2", "1234567890123456",
        "nan",
        "+3", "1e", " 1", "٣",
    ])
    func otherTextIsNotASize(text: String) {
        #expect(throws: RobustnessError.self) { try ExactFraction(parsing: text) }
    }

    @Test func aDoubleIsReadAsItWasMeant() throws {
        let meant: [String: Double] = [
            "8/255": 8.0 / 255, "7.5/255": 7.5 / 255, "0.3": 0.3, "0.03": 0.03, "2.0": 2,
            "0.142857142857": 1.0 / 7,
        ]
        for (text, value) in meant {
            #expect(try ExactFraction(near: value).text == text)
        }
        #expect(throws: RobustnessError.self) { try ExactFraction(near: .nan) }
        #expect(throws: RobustnessError.self) { try ExactFraction(near: -0.1) }
    }

    @Test func equalNumbersAreEqualHoweverWritten() throws {
        let written = try ["0.3", "76.5/255", "3e-1"].map { try ExactFraction(parsing: $0) }
        #expect(Set(written).count == 1)
        #expect(try ExactFraction(parsing: "8/255") > ExactFraction(parsing: "0.0313725"))
        #expect(try ExactFraction(parsing: "1/3").valueRoundedDown <= 1.0 / 3)
    }

    @Test(arguments: ["0.3", "8/255", "1/3", "0.1", "0.7", "2/3", "5/7"])
    func theDoubleBelowIsNotAboveTheNumber(text: String) throws {
        let fraction = try ExactFraction(parsing: text)
        let down = fraction.valueRoundedDown
        // down = significand * 2^exponent exactly; compare significand * denominator * 2^exponent.
        let shift = 52 - down.exponent
        let significand = Int(down.significandBitPattern | 1 << 52)
        let left = significand.multipliedFullWidth(by: fraction.denominator)
        let right = fraction.numerator.multipliedFullWidth(by: 1 << shift)
        #expect((left.high, left.low) <= (right.high, right.low))
        #expect(fraction.value - down <= down.ulp)
    }

    @Test func defaultsAreSpelledOut() throws {
        let attack = try AttackSpecification.parse("pgd:epsilon=8/255")
        #expect(
            attack.canonicalText
                == "pgd:epsilon=8/255,norm=linf,steps=40,step=1/510,restarts=1,start=random,loss=log-odds,targeted=none,keep=first,lattice=none,seed=0"
        )
        #expect(attack.json["parameters"]?["steps"]?.integerValue == 40)
        #expect(attack.json["parameters"]?["loss"]?.stringValue == "log-odds")
        #expect(attack.threatModel.json["epsilon_exact"]?.stringValue == "8/255")
        #expect(attack.threatModel.json["epsilon_scale"]?.integerValue == 255)
    }

    @Test(arguments: [
        "fgsm:epsilon=0.3,loss=ce",
        "pgd:norm=l2,epsilon=2,steps=40,step=0.01,restarts=5,start=random",
        "pgd:epsilon=0.3,targeted=least-likely", "pgd:epsilon=8/255,targeted=3,seed=99",
    ])
    func canonicalTextReadsBackToTheSameAttack(text: String) throws {
        let attack = try AttackSpecification.parse(text)
        let again = try AttackSpecification.parse(attack.canonicalText)
        #expect(again.json == attack.json)
        #expect(again.threatModel == attack.threatModel)
        #expect(try ThreatModel(json: attack.threatModel.json) == attack.threatModel)
    }

    @Test(arguments: [
        ("jsma2", "fgsm, pgd"), ("", "fgsm, pgd"),
        ("pgd:epsilon=0.3,step-size=2", "steps, step, sparsity"),
        ("fgsm", "needs an epsilon"), ("fgsm:epsilon", "key=value"),
        ("fgsm:epsilon=0.3,epsilon=0.2", "twice"), ("fgsm:epsilon=0", "above zero"),
        ("fgsm:epsilon=76.5", "at most 1"), ("pgd:epsilon=1,norm=l3", "linf, l2"),
        ("pgd:epsilon=1,norm=l0", "linf, l2"), ("pgd:epsilon=1,steps=0", "whole number from 1"),
        ("pgd:epsilon=1,start=none,restarts=2", "only one start"),
        ("pgd:epsilon=1,targeted=everything", "least-likely"), ("pgd:epsilon=1,seed=-1", "seed=-1"),
        ("pgd:epsilon=1,loss=hinge", "log-odds, ce, dlr, margin"),
    ])
    func mistakesAreNamedWithWhatIsKnown(text: String, mention: String) {
        let error = #expect(throws: RobustnessError.self) { try AttackSpecification.parse(text) }
        #expect(error?.description.contains(mention) == true)
        #expect(error?.kind == .specification)
    }

    /// Some keys belong to one norm and are parameters only there.
    @Test func everyKeyIsAParameterAndEveryParameterAKey() throws {
        for type in AttackSpecification.known {
            let keys = type.keys.map(\.name)
            let budget = keys.contains("epsilon") ? ":epsilon=0.3" : ""
            var seen: Set<String> = []
            for suffix in ["", ",norm=l1", ",norm=l2"] where suffix.isEmpty || !budget.isEmpty {
                guard let attack = try? AttackSpecification.parse("\(type.name)\(budget)\(suffix)")
                else { continue }
                let parameters = attack.parameters.map(\.key)
                #expect(parameters == keys.filter(parameters.contains))
                seen.formUnion(parameters)
            }
            #expect(seen == Set(keys))
        }
    }

    @Test func aPresetStandsForItsKeysAndGivenOnesWin() throws {
        let text = { try AttackSpecification.parse($0).canonicalText }
        let published =
            "pgd:epsilon=0.3,norm=linf,steps=40,step=0.01,restarts=1,start=random,loss=ce,targeted=none,keep=last,lattice=none,seed=0"
        #expect(try text("pgd:madry-mnist") == published)
        #expect(try text(published) == published)
        let changed = published.replacing("steps=40", with: "steps=100")
        #expect(try text("pgd:madry-mnist,steps=100") == changed)
        #expect(try text("pgd:steps=100,madry-mnist") == changed)
    }

    @Test(arguments: [("pgd", "pgd:a=1"), ("pgd:", "pgd:a=1"), ("pgd:b=2", "pgd:b=2,a=1")])
    func aKeyIsAddedToAText(text: String, expected: String) {
        #expect(AttackSpecification.adding("a=1", to: text) == expected)
    }

    @Test func everyPresetParsesAndIsExplicit() throws {
        for type in AttackSpecification.known {
            let hasBudget = type.keys.contains { $0.name == "epsilon" }
            for preset in type.presets {
                // Settings of an attack may be published for any budget.
                let isFree = hasBudget && !preset.text.contains("epsilon")
                let budget = isFree ? ",epsilon=0.3" : ""
                let attack = try AttackSpecification.parse("\(type.name):\(preset.name)\(budget)")
                let same = try AttackSpecification.parse("\(type.name):\(preset.text)\(budget)")
                #expect(attack.canonicalText == same.canonicalText)
                #expect(!preset.source.isEmpty)
            }
        }
    }

    @Test(arguments: [
        ("pgd:madry", "madry-mnist, madry-mnist-restarts"),
        ("pgd:madry-mnist,madry-cifar10-eval", "expected one"),
        ("bim:goodfellow-mnist", "kurakin-8, kurakin-16"),
        ("pgd:epsilon=0.3,sparsity=0.1", "for norm=l1"),
        ("pgd:epsilon=3,norm=l1,sparsity=2", "share"), ("fgsm:epsilon=1,norm=l1", "linf, l2"),
        ("pgd:epsilon=0.3,lattice=256", "from 1 to 255"),
        ("pgd:epsilon=0.001,lattice=255", "1/255"),
        ("mi-fgsm:epsilon=0.3,decay=-1", "not a size"), ("bim:epsilon=0.3,step=0", "above zero"),
    ])
    func mistakesWithPresetsAndNewKeysAreNamed(text: String, mention: String) {
        let error = #expect(throws: RobustnessError.self) { try AttackSpecification.parse(text) }
        #expect(error?.description.contains(mention) == true)
    }
}
