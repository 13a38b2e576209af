// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors

/// What reading a converted file back showed.
struct ConversionProof {
    /// One tensor of the result.
    struct Line {
        let source: String?
        /// The name as the file that was read back has it.
        let target: String
        let sourceDigest: Digest
        let targetDigest: Digest
        let rule: String?
        let cast: CastReport?
        /// Whether undoing the rule on what was read gave the elements it started from; nil where
        /// there was no rule.
        let isInverseEqual: Bool?
        let isImplied: Bool
    }

    var lines: [Line] = []
    var logits: LogitsComparison?

    /// Reads every tensor of `written` back and compares it with what the writer was given.
    ///
    /// - Throws: ``Failure`` naming the first tensor that is missing, differs or is too many.
    init(
        _ plan: ConversionPlan, _ ledger: ConversionLedger, written: WeightFile,
        progress: ProgressReporter
    ) throws {
        let records = ledger.records
        let positions = try Self.positions(of: plan, in: written)
        var done = 0
        for (index, line) in plan.lines.enumerated() {
            let entry = written.entries[positions[index]]
            let record = records[index]
            guard let source = record.source, let expected = record.target else {
                throw Failure("\(written.path): the writer never asked for '\(line.target)'")
            }
            if Interruption.isRequested {
                throw Failure.interrupted("\(written.path) was not finished")
            }
            let tensor = try entry.tensor()
            let found = tensor.digest()
            guard found == expected else {
                throw Failure(
                    "\(written.path): tensor '\(entry.name)' \(tensor) was read back with the "
                        + "digest \(found.short), \(line.elementType) \(line.shape) was written "
                        + "with \(expected.short)")
            }
            let isEqual = try Self.isInverse(line, tensor, of: record)
            guard isEqual != false else {
                throw Failure(
                    "\(written.path): undoing '\(line.move?.description ?? "")' on "
                        + "'\(entry.name)' does not give the source's elements back")
            }
            lines.append(
                Line(
                    source: line.source, target: entry.name, sourceDigest: source,
                    targetDigest: found, rule: line.move?.description, cast: record.report,
                    isInverseEqual: isEqual, isImplied: line.source == nil))
            tensor.releasePages()
            done += tensor.byteCount
            progress.update("proving", done: done >> 20, of: plan.byteCount >> 20, unit: "MiB")
        }
    }

    /// Whether undoing the move gives what it started from; nil where nothing moved, or one
    /// tensor became several.
    private static func isInverse(
        _ line: ConversionPlan.Line, _ tensor: Tensor, of record: ConversionLedger.Record
    ) throws -> Bool? {
        switch line.move {
        case nil: return nil
        case .recurrent(let move):
            guard move.row == nil else { return nil }
            return try move.undone(tensor).digest() == record.cast
        case .rule:
            guard let role = line.role, let own = line.entry.role else { return nil }
            let entry = WeightEntry(name: line.target, tensor: tensor, role: role)
            return try entry.converted(to: own.layout).tensor().digest() == record.cast
        }
    }

    /// The position in `written` of each line's tensor.
    private static func positions(
        of plan: ConversionPlan, in written: WeightFile
    ) throws -> [Int] {
        let found = CarriedTensors.positions(
            of: plan.lines.map { CarriedTensor(name: $0.target, role: $0.role) },
            in: written.entries)
        if let index = found.firstIndex(of: nil) {
            throw Failure(
                "\(written.path): was read back with \(written.entries.count) tensors, and none of "
                    + "them is '\(plan.lines[index].target)'")
        }
        let positions = found.compactMap { $0 }
        let known = Set(positions)
        if let extra = written.entries.indices.first(where: { !known.contains($0) }) {
            throw Failure(
                "\(written.path): was read back with the tensor '\(written.entries[extra].name)' "
                    + "as well")
        }
        return positions
    }
}
