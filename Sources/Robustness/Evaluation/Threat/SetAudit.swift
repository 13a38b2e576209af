// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What is wrong with a set before any model looks at it: its pixels, its threat model, and its
/// record, each held against the others.
public struct SetAudit: Sendable {
    public let set: AdversarialSet
    /// In the order rows, threat model, claims, origin.
    public let defects: [SetDefect]
    /// Of the clean rows and labels that the set holds: ``LabelledImages/digest()``.
    public let cleanDigest: Digest
    /// Different clean images among the rows.
    public let distinctImages: Int
    /// How the clean rows agree with a data set; nil where there was none to compare with.
    public let agreement: DataAgreement?

    let rows: [RowCheck]
    /// For each row what of the threat model it breaks.
    let violations: [(SetDefect.Kind, String)?]

    /// - Parameters:
    ///   - data: what the clean rows are said to be, with its name; nil leaves them unchecked.
    ///   - firstRow: the number in ``AdversarialSet/rowIDs`` of the data's first row.
    /// - Throws: ``RobustnessError`` when set and data have images of different shapes.
    public init(
        _ set: AdversarialSet, data: LabelledImages? = nil, dataName: String = "data",
        firstRow: Int = 0
    ) throws(RobustnessError) {
        let rows = Self.measure(set)
        let clean = CleanRows(set)
        let agreement: DataAgreement?
        if let data {
            agreement = try DataAgreement(of: set, with: data, name: dataName, firstRow: firstRow)
        } else {
            agreement = nil
        }
        self.set = set
        self.rows = rows
        self.agreement = agreement
        violations = rows.map { $0.violation(of: set.threatModel) }
        cleanDigest = clean.digest
        distinctImages = clean.distinctImages
        defects =
            PixelAudit(set, rows, violations).defects + ThreatAudit(set, rows).defects
            + ClaimAudit(set, rows).defects + clean.defects + (agreement?.defects(set) ?? [])
    }

    /// Whether every clean pixel lies in 0...1, so that attacks can start there.
    public var isCleanInBox: Bool {
        rows.allSatisfy {
            $0.isCleanFinite && $0.cleanLowest >= 0 && $0.cleanHighest <= 1
        }
    }

    private static func measure(_ set: AdversarialSet) -> [RowCheck] {
        let (count, values) = (set.count, set.pixelCount)
        let norm = set.threatModel.norm
        let results = RowResults(count: count)
        // Each row writes its own place.
        forEachRowConcurrently(count) { row in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * values) { memory in
                guard let base = memory.baseAddress else { return }
                set.clean.copyPixels(row..<(row + 1), to: base)
                set.adversarial.copyPixels(row..<(row + 1), to: base + values)
                results.values[row] = RowCheck(
                    clean: base, adversarial: base + values, count: values, norm: norm)
            }
        }
        return results.values.compactMap { $0 }
    }

    /// Places that threads fill, each its own: nothing is shared but the memory they lie in.
    private final class RowResults: @unchecked Sendable {
        let values: UnsafeMutableBufferPointer<RowCheck?>

        init(count: Int) {
            values = .allocate(capacity: count)
            values.initialize(repeating: nil)
        }

        deinit { values.deallocate() }
    }
}

/// The clean rows of a set, on their own.
private struct CleanRows {
    let digest: Digest
    let distinctImages: Int
    let defects: [SetDefect]

    init(_ set: AdversarialSet) {
        let labels = Tensor(
            trusted: .u16, shape: [set.count],
            values: set.labels.map { UInt16(truncatingIfNeeded: $0) })
        digest = Digest(hashing: set.clean.digest().bytes + labels.digest().bytes)
        var defects: [SetDefect] = []
        var seen: Set<[Int]> = []
        var again: [Int] = []
        for row in 0..<set.count {
            // One image may stand behind several rows: of several targets, or several corruptions.
            let key = [set.rowIDs[row], set.targets[row], set.claims.stage(ofRow: row) ?? -1]
            if !seen.insert(key).inserted { again.append(set.rowIDs[row]) }
        }
        let hasStages = !set.claims.stages.isEmpty
        if !again.isEmpty, !hasStages {
            defects.append(
                SetDefect(
                    .duplicateRows, rowIDs: again,
                    "\(again.count) rows of the data appear more than once with the same target, expected each once: rates count them several times"
                ))
        }
        var images: [Int: Int] = [:]
        var repeated: [Int] = []
        for (row, hash) in set.clean.rowHashes().enumerated() {
            if let first = images[hash] {
                if first != set.rowIDs[row] { repeated.append(set.rowIDs[row]) }
            } else {
                images[hash] = set.rowIDs[row]
            }
        }
        distinctImages = images.count
        if !repeated.isEmpty {
            defects.append(
                SetDefect(
                    .duplicateImages, rowIDs: repeated,
                    "\(repeated.count) rows hold a clean image that another row number holds too"))
        }
        self.defects = defects
    }
}

extension Tensor {
    /// For each row of (N, ...) a hash of its bytes; equal rows have equal hashes within a process.
    func rowHashes() -> [Int] {
        let count = shape[0]
        let stride = count == 0 ? 0 : byteCount / count
        return withUnsafeBytes { bytes in
            (0..<count).map { row in
                var hasher = Hasher()
                hasher.combine(
                    bytes: UnsafeRawBufferPointer(
                        rebasing: bytes[(row * stride)..<((row + 1) * stride)]))
                return hasher.finalize()
            }
        }
    }
}
