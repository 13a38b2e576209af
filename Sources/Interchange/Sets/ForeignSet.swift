// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// An adversarial set in the terms in which sets travel between tools: plain arrays, some of them
/// optional, because few tools save them all.
public struct ForeignSet: Sendable {
    /// The layouts that tools write.
    public enum Form: String, CaseIterable, Hashable, Sendable {
        /// Retort's own: every array of a stored set under its name, and its metadata.
        case npz
        /// One array of examples, (N, C, H, W) F32.
        case npy
        /// What `Attack.save` of torchattacks writes and its `load` reads.
        case torchattacks
        /// `{'adv_complete': ...}`, as AutoAttack's `eval.py` saves.
        case autoattack
        /// What Madry's challenges evaluate: (N, H * W) in [0, 1] for grey images, (N, H, W, C)
        /// in [0, 255] for others.
        case madry
        /// A corruption of CIFAR-10-C: five severities one after the other.
        case corruption
    }

    /// Nil when the arrays were picked by the names that the caller gave.
    public var form: Form?
    /// (N, C, H, W), F32 in [0, 1].
    public var adversarial: Tensor
    /// The same shape; the inputs the attack started from.
    public var clean: Tensor?
    public var labels: [Int]?
    /// Classes aimed at, -1 where there was none.
    public var targets: [Int]?
    /// Indices into the `status_names` of ``metadata``.
    public var status: [UInt8]?
    /// F32 or F64 (N).
    public var margin: Tensor?
    /// F32 or F64 (N).
    public var distance: Tensor?
    /// The rows' numbers in their data set.
    public var rowIndex: [Int]?
    public var metadata: [String: JSON]
    /// What was done to the file's numbers on the way, a sentence each without its stop.
    public var remarks: [String]

    public init(
        form: Form? = nil, adversarial: Tensor, clean: Tensor? = nil, labels: [Int]? = nil,
        targets: [Int]? = nil, status: [UInt8]? = nil, margin: Tensor? = nil,
        distance: Tensor? = nil, rowIndex: [Int]? = nil, metadata: [String: JSON] = [:],
        remarks: [String] = []
    ) {
        self.form = form
        self.adversarial = adversarial
        self.clean = clean
        self.labels = labels
        self.targets = targets
        self.status = status
        self.margin = margin
        self.distance = distance
        self.rowIndex = rowIndex
        self.metadata = metadata
        self.remarks = remarks
    }

    public var count: Int { adversarial.shape[0] }

    /// Which part of a file to take where it holds several sets.
    public struct Selection: Hashable, Sendable {
        /// The array with the examples; the corruption's name in a CIFAR-10-C folder.
        public var array: String?
        /// 1 to 5, for CIFAR-10-C.
        public var severity: Int?

        public init(array: String? = nil, severity: Int? = nil) {
            self.array = array
            self.severity = severity
        }
    }
}
