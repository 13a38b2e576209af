// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What a stored set says of its rows and of its making, to be held against what is measured.
public struct SetClaims: Sendable {
    /// The status of each row by name, such as `success`; empty where there is none.
    public var statuses: [String]
    /// z_label minus the largest other logit as the attack reported it, NaN where it did not; empty
    /// where there is none.
    public var margins: [Double]
    /// Distances in the threat model's norm as the attack reported them; empty where there are none.
    public var distances: [Double]
    /// For attacks made of several, which of ``stageNames`` a row belongs to: the attack that broke
    /// it, or the corruption it went through. Empty for attacks of one piece.
    public var stages: [Int?]
    public var stageNames: [String]
    /// Everything stored with the arrays.
    public var record: JSON
    /// The data set the clean rows are said to come from.
    public var data: Digest?

    public init(
        statuses: [String] = [], margins: [Double] = [], distances: [Double] = [],
        record: JSON = .null, data: Digest? = nil
    ) {
        self.statuses = statuses
        self.margins = margins
        self.distances = distances
        self.record = record
        self.data = data
        stageNames = record["stage_names"]?.arrayValue?.compactMap(\.stringValue) ?? []
        stages = record["stages"]?.arrayValue?.map(\.integerValue) ?? []
    }

    /// Of a result that has not been stored yet.
    init(_ result: AdversarialResult) {
        statuses = result.statuses.map(\.name)
        margins = result.margins.map(Double.init)
        distances = result.distances
        stages = result.stages
        stageNames = result.stageNames
        record = ["attack": result.attack, "threat_model": result.threatModel.json]
        data = nil
    }

    /// The stage of row `row`; nil where it has none or its number is no stage.
    func stage(ofRow row: Int) -> Int? {
        guard stages.indices.contains(row), let stage = stages[row],
            stageNames.indices.contains(stage)
        else { return nil }
        return stage
    }
}
