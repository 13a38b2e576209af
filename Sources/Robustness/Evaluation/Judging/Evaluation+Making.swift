// SPDX-License-Identifier: Apache-2.0

public import Tensors

extension Evaluation {
    /// Everything that follows from the logits of a model on an audited set.
    init(
        checkpoint: String, digest: Digest?, audit: SetAudit, table: OutcomeTable,
        check: ThreatCheck, classCount: Int, masking: MaskingSigns, margins: MarginSummary,
        quantisation: [QuantisedResult], foreign: [SetDefect] = []
    ) {
        let set = audit.set
        let outcomes = table.outcomes
        let isWhiteBox = digest != nil && set.sourceModel == digest
        var classes = [ClassCounts](repeating: ClassCounts(), count: classCount)
        var confusion = [[Int]](
            repeating: [Int](repeating: 0, count: classCount), count: classCount)
        for outcome in outcomes {
            classes[outcome.label].rows += 1
            classes[outcome.label].cleanCorrect += outcome.isCleanCorrect ? 1 : 0
            classes[outcome.label].adversarialCorrect += outcome.isAdversarialCorrect ? 1 : 0
            if let prediction = outcome.prediction, prediction < classCount {
                confusion[outcome.label][prediction] += 1
            }
        }
        self.checkpoint = checkpoint
        self.set = set.name
        attack = set.attackText
        attackRecord = set.attack
        access = isWhiteBox ? .whiteBox : .transfer
        isSourceKnown = set.sourceModel != nil
        rowIDs = set.rowIDs
        self.outcomes = outcomes
        cleanAccuracy = Rate(
            outcomes.count { $0.isCleanCorrect }, of: outcomes.count { $0.isCleanKnown })
        rates = Rates(outcomes) { $0.prediction }
        asStored = Rates(outcomes) { $0.storedPrediction }
        threatModel = set.threatModel
        threatCheck = check
        self.masking = masking
        self.margins = margins
        self.classes = classes
        self.confusion = confusion
        isTargeted = set.isTargeted
        let judged = JudgedDefects(
            set: set, table: table, isWhiteBox: isWhiteBox, classCount: classCount)
        defects = (audit.defects + judged.defects + foreign).enumerated().sorted {
            ($1.element.severity, $0.offset) < ($0.element.severity, $1.offset)
        }.map(\.element)
        self.quantisation = quantisation
        let isMinimal = set.looksForSmallest
        hardness = isMinimal ? Hardness(outcomes, set: set) : nil
        curve =
            isMinimal && set.claims.stages.isEmpty
            ? DistanceCurve(outcomes, rowIDs: set.rowIDs, threatModel: set.threatModel) : nil
        targetMatrix =
            set.isTargeted ? TargetMatrix(outcomes, classCount: classCount) : nil
        stages = StageSummary(outcomes, claims: set.claims)
        cleanDigest = audit.cleanDigest
        distinctImages = audit.distinctImages
        agreement = audit.agreement
        cost = set.claims.record["cost"] ?? .null
    }
}

extension AdversarialSet {
    /// Whether rows are broken with the smallest change the attack can find, rather than anywhere
    /// inside a ball.
    var looksForSmallest: Bool {
        let name = attack["name"]?.stringValue ?? ""
        if name == "corruption" { return false }
        return threatModel.epsilon == nil
            || ["jsma", "deepfool", "cw", "fab", "fab-t"].contains(name)
    }

    /// Why a model cannot judge the set; nil when it can.
    ///
    /// - Parameter imageShape: (C, H, W); nil where only logits are at hand.
    public func misfit(imageShape: Shape?, classCount: Int) -> SetDefect? {
        let own = Array(adversarial.shape.dimensions.dropFirst())
        if let imageShape, own != imageShape.dimensions {
            let expected = imageShape.dimensions
            let isLast = own.count == 3 && expected == [own[2], own[0], own[1]]
            return SetDefect(
                isLast ? .axesLast : .wrongShape,
                "the model takes images of shape \(imageShape), the set '\(name)' has \(Shape(trusted: own))"
                    + (isLast ? ", the same with channels last" : ""))
        }
        let wrongLabels = labels.indices.filter { labels[$0] >= classCount }
        if let first = wrongLabels.first {
            return SetDefect(
                .labelOutOfRange, rowIDs: wrongLabels.map { rowIDs[$0] },
                "the set '\(name)' has the label \(labels[first]), the model only \(classCount) classes"
            )
        }
        let wrongTargets = targets.indices.filter { targets[$0] >= classCount || targets[$0] < -1 }
        if let first = wrongTargets.first {
            return SetDefect(
                .targetOutOfRange, rowIDs: wrongTargets.map { rowIDs[$0] },
                "the set '\(name)' has the target \(targets[first]), the model only \(classCount) classes"
            )
        }
        return nil
    }
}
