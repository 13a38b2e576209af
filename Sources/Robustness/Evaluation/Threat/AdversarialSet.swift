// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A stored adversarial set: all that an evaluation needs besides a model.
public struct AdversarialSet: Sendable {
    public let name: String
    /// (N, C, H, W): F32 in [0, 1], or U8 in 0...255.
    public let adversarial: Tensor
    /// (N, C, H, W), F32 or U8.
    public let clean: Tensor
    public let labels: [Int]
    /// The class aimed at, -1 where there is none.
    public let targets: [Int]
    /// The rows' numbers in their data set.
    public let rowIDs: [Int]
    public let threatModel: ThreatModel
    /// The attack's name, parameters and canonical text; null in foreign sets.
    public let attack: JSON
    /// The model the set was made with; nil when it is not known.
    public let sourceModel: Digest?
    /// What the set says of itself beside the arrays.
    public let claims: SetClaims

    /// - Parameter metadata: what ``AdversarialResult/metadata(sourceModel:sourceName:data:dataName:)``
    ///   wrote.
    /// - Parameter claims: what is stored beside, to be checked; nil for what the metadata says.
    /// - Throws: ``RobustnessError`` when the arrays do not fit together or the metadata lacks its
    ///   threat model.
    public init(
        name: String, adversarial: Tensor, clean: Tensor, labels: [Int], targets: [Int],
        metadata: JSON, claims: SetClaims? = nil
    ) throws(RobustnessError) {
        let count = labels.count
        func refuse(_ problem: String) -> RobustnessError {
            RobustnessError(.data, "the adversarial set '\(name)' \(problem)")
        }
        guard adversarial.shape.rank == 4, adversarial.shape[0] == count else {
            throw refuse(
                "has examples of shape \(adversarial.shape) for \(count) labels, expected (N, C, H, W)"
            )
        }
        guard clean.shape == adversarial.shape else {
            throw refuse(
                "has clean images of shape \(clean.shape), expected \(adversarial.shape) as its examples"
            )
        }
        for (what, tensor) in [("examples", adversarial), ("clean images", clean)]
        where tensor.elementType != .f32 && tensor.elementType != .u8 {
            throw refuse("has \(what) of type \(tensor.elementType), expected F32 or U8")
        }
        guard targets.count == count else {
            throw refuse("has \(targets.count) targets for \(count) labels")
        }
        if let label = labels.first(where: { $0 < 0 }) { throw refuse("has the label \(label)") }
        guard let threat = metadata["threat_model"] else {
            throw refuse("does not say its threat model, so its rows cannot be checked against one")
        }
        self.name = name
        self.adversarial = adversarial
        self.clean = clean
        self.labels = labels
        self.targets = targets
        threatModel = try ThreatModel(json: threat)
        rowIDs = try Self.rowIDs(json: metadata["rows"], count: count, name: name)
        attack = metadata["attack"] ?? .null
        sourceModel = try Self.digest(metadata["source_model"]?["digest"], name: name)
        self.claims = claims ?? SetClaims(record: metadata)
    }

    /// A result that has not been stored yet.
    public init(
        name: String, result: AdversarialResult, sourceModel: Digest?
    ) {
        self.name = name
        adversarial = result.adversarial
        clean = result.clean
        labels = result.labels
        targets = result.targets
        rowIDs = result.rowIDs
        threatModel = result.threatModel
        attack = result.attack
        self.sourceModel = sourceModel
        claims = SetClaims(result)
    }

    public var count: Int { labels.count }
    /// Values of one image.
    public var pixelCount: Int { adversarial.shape.dimensions.dropFirst().reduce(1, *) }
    /// Whether any row aims at a class.
    public var isTargeted: Bool { targets.contains { $0 >= 0 } }
    /// The attack's canonical text, or `unknown`.
    public var attackText: String { attack["text"]?.stringValue ?? "unknown" }

    private static func digest(_ json: JSON?, name: String) throws(RobustnessError) -> Digest? {
        guard let json, json != .null else { return nil }
        guard let text = json.stringValue else {
            throw RobustnessError(
                .data, "the adversarial set '\(name)' has the source digest \(json), expected text")
        }
        do throws(TensorError) {
            return try Digest(hexadecimal: text)
        } catch {
            throw RobustnessError(.data, "the adversarial set '\(name)': \(error.description)")
        }
    }
}

extension AdversarialSet {
    /// `{first, count}` for consecutive rows, `{indices}` for others.
    static func json(ofRowIDs rowIDs: [Int]) -> JSON {
        let first = rowIDs.first ?? 0
        if rowIDs == Array(first..<(first + rowIDs.count)) {
            return ["first": .integer(first), "count": .integer(rowIDs.count)]
        }
        return ["indices": .array(rowIDs.map { .integer($0) })]
    }

    /// Row numbers from their stored form; 0... where there is none.
    private static func rowIDs(
        json: JSON?, count: Int, name: String
    ) throws(RobustnessError) -> [Int] {
        guard let json, json != .null else { return Array(0..<count) }
        var rowIDs: [Int] = []
        if let indices = json["indices"]?.arrayValue {
            rowIDs = indices.compactMap(\.integerValue)
        } else if let first = json["first"]?.integerValue, first >= 0, first <= 1 << 40 {
            rowIDs = Array(first..<(first + count))
            if let stated = json["count"]?.integerValue, stated != count { rowIDs = [] }
        }
        guard rowIDs.count == count else {
            throw RobustnessError(
                .data, "the adversarial set '\(name)' does not number its \(count) rows properly")
        }
        return rowIDs
    }
}

extension Tensor {
    /// Copies rows `range` of (N, ...) F32 as they are, or U8 divided by 255, to `output`.
    func copyPixels(_ range: Range<Int>, to output: UnsafeMutablePointer<Float>) {
        let perRow = shape.dimensions.dropFirst().reduce(1, *)
        let (first, count) = (range.lowerBound * perRow, range.count * perRow)
        withUnsafeBytes { bytes in
            if elementType == .f32 {
                let source = UnsafeRawBufferPointer(
                    rebasing: bytes[(first * 4)..<((first + count) * 4)])
                UnsafeMutableRawBufferPointer(start: output, count: count * 4).copyMemory(
                    from: source)
            } else {
                for index in 0..<count { output[index] = Float(bytes[first + index]) / 255 }
            }
        }
    }
}
