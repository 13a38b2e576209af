// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Adversarial inputs with what they were made from, to be stored.
public struct AdversarialSetContent: Sendable {
    /// (N, C, H, W) or any (N, ...), F32, exactly as the attack left them.
    public var adversarial: Tensor
    /// The inputs the attack started from; same shape, F32. Stored once, however many sets share it.
    public var clean: Tensor
    /// N true classes.
    public var labels: [Int]
    /// N classes aimed at; -1 where there was no target.
    public var targets: [Int]
    /// N indices into `statusNames`.
    public var status: [UInt8]
    /// What the attack says of a row: `succeeded`, `failed`, ...
    public var statusNames: [String]
    /// N log-odds margins on the adversarial input, F32 or F64.
    public var margin: Tensor
    /// N distances in the attack's norm, F32 or F64.
    public var distance: Tensor
    /// N rows of the data.
    public var rowIndex: [Int]
    public var sourceDigest: Digest
    public var dataDigest: Digest
    /// The attack, its parameters, norm, epsilon, scale, box and seed.
    public var metadata: JSON

    public init(
        adversarial: Tensor, clean: Tensor, labels: [Int], targets: [Int]? = nil,
        status: [UInt8], statusNames: [String], margin: Tensor, distance: Tensor,
        rowIndex: [Int], sourceDigest: Digest, dataDigest: Digest, metadata: JSON
    ) {
        self.adversarial = adversarial
        self.clean = clean
        self.labels = labels
        self.targets = targets ?? [Int](repeating: -1, count: labels.count)
        self.status = status
        self.statusNames = statusNames
        self.margin = margin
        self.distance = distance
        self.rowIndex = rowIndex
        self.sourceDigest = sourceDigest
        self.dataDigest = dataDigest
        self.metadata = metadata
    }

    func draft() throws(ContentProblem) -> ObjectDraft {
        try check()
        var draft = ObjectDraft(kind: .adversarialSet, metadata: metadata)
        try draft.addMetadata(
            StoreFormat.MetadataKey.statusNames, .array(statusNames.map { .string($0) }))
        draft.references = [Reference(.source, sourceDigest), Reference(.data, dataDigest)]
        let axes = adversarial.shape.rank == 4 ? "NCHW" : nil
        draft.arrays = [
            ArrayDraft("adversarial", adversarial, axes: axes, isTable: true),
            ArrayDraft("clean", clean, axes: axes, isTable: true, isShareable: true),
            ArrayDraft("label", try Self.classes(labels, "label", from: 0), axes: "N"),
            ArrayDraft("target", try Self.classes(targets, "target", from: -1), axes: "N"),
            ArrayDraft(
                "status", Tensor(trusted: .u8, shape: [status.count], values: status), axes: "N"),
            ArrayDraft("margin", margin, axes: "N"),
            ArrayDraft("distance", distance, axes: "N"),
            ArrayDraft("row_index", rowIndexTensor(rowIndex), axes: "N"),
        ]
        return draft
    }

    private func check() throws(ContentProblem) {
        let count = labels.count
        guard adversarial.elementType == .f32, adversarial.shape.rank >= 2 else {
            throw ContentProblem("adversarial inputs are \(adversarial), expected F32 (rows, ...)")
        }
        guard clean.elementType == .f32, clean.shape == adversarial.shape else {
            throw ContentProblem(
                "clean inputs are \(clean), expected \(adversarial) like the adversarial ones")
        }
        guard adversarial.shape[0] == count else {
            throw ContentProblem("\(adversarial.shape[0]) adversarial inputs have \(count) labels")
        }
        let counts = [
            ("targets", targets.count), ("status values", status.count),
            ("row indices", rowIndex.count),
        ]
        for (what, found) in counts where found != count {
            throw ContentProblem("there are \(found) \(what) for \(count) rows")
        }
        for (what, tensor) in [("margins", margin), ("distances", distance)] {
            let isFloat = tensor.elementType == .f32 || tensor.elementType == .f64
            guard isFloat, tensor.shape == Shape(trusted: [count]) else {
                throw ContentProblem("\(what) are \(tensor), expected F32 or F64 (\(count))")
            }
        }
        if let wrong = status.first(where: { Int($0) >= statusNames.count }) {
            throw ContentProblem("status \(wrong) has no name among \(statusNames)")
        }
    }

    private static func classes(
        _ values: [Int], _ what: String, from lowest: Int
    ) throws(ContentProblem) -> Tensor {
        if let wrong = values.first(where: { $0 < lowest || $0 > Int(Int32.max) }) {
            throw ContentProblem("\(what) \(wrong) is not a class, expected at least \(lowest)")
        }
        return Tensor(trusted: .i32, shape: [values.count], values: values.map { Int32($0) })
    }
}
