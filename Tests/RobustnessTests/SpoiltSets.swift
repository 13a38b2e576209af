// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport

@testable import Robustness

extension SpoiltSet {
    static let pixels: [SpoiltSet] = [
        SpoiltSet("NaN in an example", .notFinitePixels, "1 examples", "NaN") {
            $0.adversarial[100] = .nan
        },
        SpoiltSet("infinity in an example", .notFinitePixels, "infinite") {
            $0.adversarial[100] = .infinity
        },
        SpoiltSet("NaN in a clean image", .notFiniteClean, "clean images") {
            $0.clean[70] = .nan
        },
        SpoiltSet("further than epsilon", .beyondEpsilon, "linf 26/255") { draft in
            for index in draft.pixels(3) {
                draft.adversarial[index] = min(draft.adversarial[index] + 0.2, 1)
            }
        },
        SpoiltSet(
            "truncated to 8 bits", .truncated, "truncated to 8 bits", "77/255", "76/255",
            attack: "fgsm:epsilon=0.3"
        ) { draft in
            draft.adversarial = draft.adversarial.map { ($0 * 255).rounded(.down) / 255 }
        },
        SpoiltSet(
            "8/255 truncated to 8 bits", .truncated, "truncated",
            attack: "fgsm:epsilon=8/255"
        ) { draft in
            // x - 8/255 lies an ulp below the level as often as not.
            draft.adversarial = draft.adversarial.map {
                (($0 * 255 - 1e-3).rounded(.down)) / 255
            }
        },
        SpoiltSet("a value above the box", .outsideBox, "1.02") {
            $0.adversarial[7 * 36] = 1.02
        },
        SpoiltSet("normalised examples", .normalisedPixels, "normalised pixels", "examples") {
            $0.adversarial = $0.adversarial.map { ($0 - 0.4) / 0.3 }
        },
        SpoiltSet("normalised clean images", .normalisedPixels, "clean images", "normalised") {
            draft in
            draft.adversarial = draft.adversarial.map { ($0 - 0.4) / 0.3 }
            draft.clean = draft.clean.map { ($0 - 0.4) / 0.3 }
        },
        SpoiltSet("pixels of 0...255", .bytePixels, "0...255") { draft in
            draft.adversarial = draft.adversarial.map { $0 * 255 }
            draft.clean = draft.clean.map { $0 * 255 }
        },
        SpoiltSet("an all-zero image", .constantRows, "1 are all zero", "Carlini") { draft in
            for index in draft.pixels(2) { draft.adversarial[index] = 0 }
        },
        SpoiltSet("a grey image", .constantRows, "one value in every pixel", "0 are all zero") {
            draft in
            for index in draft.pixels(2) { draft.adversarial[index] = 0.5 }
        },
        SpoiltSet("clean rows passed as adversarial", .allUnchanged, "clean rows passed") {
            $0.adversarial = $0.clean
        },
        SpoiltSet(
            "some successes are clean rows", .unchangedSuccess, "called a success",
            attack: "pgd:epsilon=7/255,start=none"
        ) { draft in
            for row in draft.claims.statuses.indices where draft.claims.statuses[row] == "success" {
                for index in draft.pixels(row) { draft.adversarial[index] = draft.clean[index] }
            }
        },
        SpoiltSet("survivors are clean rows", .keptClean, "not attacked at all") { draft in
            draft.forget()
            for index in draft.pixels(0) { draft.adversarial[index] = draft.clean[index] }
        },
    ]

    static let threats: [SpoiltSet] = [
        SpoiltSet("8 where pixels are in 0...1", .epsilonScale, "8/255 may be meant") {
            $0.say("threat_model", ["norm": "linf", "epsilon_exact": "8"])
        },
        SpoiltSet(
            "an l2 epsilon on the scale of 255", .epsilonScale, "units of 0...255",
            attack: "pgd:norm=l2,epsilon=0.5,keep=last,start=none"
        ) {
            $0.say("threat_model", ["norm": "l2", "epsilon_exact": "127.5"])
        },
        SpoiltSet("no epsilon", .epsilonMissing, "epsilon=26/255", "no distance can be checked") {
            $0.say("threat_model", ["norm": "linf", "minimal_norm": true])
        },
        SpoiltSet("another epsilon than the attack's", .epsilonDisagrees, "26/255", "0.2") {
            $0.say("threat_model", ["norm": "linf", "epsilon_exact": "0.2"])
        },
        SpoiltSet("another norm than the attack's", .normDisagrees, "norm=linf", "says l2") {
            $0.say("threat_model", ["norm": "l2", "epsilon_exact": "2"])
        },
        SpoiltSet(
            "an l2 set claimed linf", .normDisagrees, "an l2 set claimed as linf",
            attack: "pgd:norm=l2,epsilon=0.5,keep=last,start=none"
        ) { draft in
            draft.forget()
            draft.say("attack", ["name": "imported", "text": "somebody's"])
            draft.say("threat_model", ["norm": "linf", "epsilon_exact": "0.5"])
        },
        SpoiltSet("a measured epsilon", .epsilonMeasured, "largest distance in the set") {
            $0.say("epsilon_measured", true)
        },
    ]

    static let claims: [SpoiltSet] = [
        SpoiltSet(
            "targets that are labels", .targetIsLabel, "aim at their own label",
            attack: "pgd:epsilon=0.1,targeted=next"
        ) { draft in
            draft.targets[5] = draft.labels[5]
        },
        SpoiltSet("a distance that was not measured", .distanceDisagrees, "row 6", "0.01") {
            $0.claims.distances[6] = 0.01
        },
        SpoiltSet("a margin that the model does not give", .marginDisagrees, "1 rows", "-50") {
            $0.claims.margins[6] = -50
        },
        SpoiltSet(
            "success where the model is right", .statusDisagrees, "1 rows say success",
            attack: "fgsm:epsilon=1/255"
        ) { draft in
            draft.claims.statuses[draft.row("failed")] = "success"
        },
        SpoiltSet("failed where the model is wrong", .statusDisagrees, "1 say failed") { draft in
            draft.claims.statuses[draft.row("success")] = "failed"
        },
        SpoiltSet("success on rows wrong when clean", .successWhenWrong, "wrong on the clean image")
        {
            draft in
            draft.hasData = false
            draft.claims.margins = []
            draft.labels[3] = (draft.labels[3] + 1) % 5
            draft.claims.statuses[3] = "success"
        },
        SpoiltSet("an incomplete record", .recordIncomplete, "the seed", "the random generator") {
            $0.record["seed"] = nil
            $0.record["generator"] = nil
        },
        SpoiltSet("no attack's name", .recordIncomplete, "the attack's name", "its parameters") {
            $0.say("attack", ["text": "an attack"])
        },
        SpoiltSet("a record of another model", .sourceDisagrees, "teacher", "bound to the model") {
            $0.say("source_model.digest", .string(Digest(hashing: [7]).hexadecimal))
        },
        SpoiltSet("a record of other data", .dataDisagrees, "bound to the data") {
            $0.say("data.digest", .string(Digest(hashing: [7]).hexadecimal))
        },
    ]

    static let origins: [SpoiltSet] = [
        SpoiltSet("permuted labels", .permutedLabels, "the labels are permuted", "'test'") {
            $0.labels = Array($0.labels[1...]) + [$0.labels[0]]
        },
        SpoiltSet("wrong labels", .wrongLabels, "1 labels differ") {
            $0.labels[8] = ($0.labels[8] + 1) % 5
        },
        SpoiltSet("labels at chance, without the data", .labelsAtChance, "as by chance") { draft in
            draft.hasData = false
            draft.forget()
            draft.labels = draft.labels.map { ($0 + 1) % 5 }
        },
        SpoiltSet("permuted rows", .permutedRows, "another order") { draft in
            var rows = Array(0..<60)
            rows.swapAt(3, 11)
            draft.setRowIDs(rows)
        },
        SpoiltSet("other clean images", .wrongPixels, "1 clean images are not the rows") { draft in
            draft.clean[10 * 36] += 0.02
        },
        SpoiltSet("other data", .otherData, "made from other data") { draft in
            let other = try SetDraft(seed: 6)
            draft.clean = other.clean
            draft.adversarial = other.adversarial
            draft.labels = other.labels
        },
        SpoiltSet("rows that the data do not have", .rowsOutsideData, "1 rows", "'test'") {
            $0.setRowIDs(Array(0..<59) + [1000])
        },
        SpoiltSet("a row twice", .duplicateRows, "more than once") { draft in
            draft.hasData = false
            draft.setRowIDs([1] + Array(1..<60))
        },
        SpoiltSet("an image under two numbers", .duplicateImages, "another row number") { draft in
            draft.hasData = false
            draft.forget()
            let (first, second) = (draft.pixels(0), draft.pixels(1))
            draft.clean.replaceSubrange(second, with: Array(draft.clean[first]))
            draft.adversarial.replaceSubrange(second, with: Array(draft.adversarial[first]))
            draft.labels[1] = draft.labels[0]
        },
    ]
}
