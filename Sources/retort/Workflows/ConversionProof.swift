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
                    "\(written.path): undoing '\(line.rule?.description ?? "")' on "
                        + "'\(entry.name)' does not give the source's elements back")
            }
            lines.append(
                Line(
                    source: line.source, target: entry.name, sourceDigest: source,
                    targetDigest: found, rule: line.rule?.description, cast: record.report,
                    isInverseEqual: isEqual, isImplied: line.source == nil))
            done += tensor.byteCount
            progress.update("proving", done: done >> 20, of: plan.byteCount >> 20, unit: "MiB")
        }
    }

    private static func isInverse(
        _ line: ConversionPlan.Line, _ tensor: Tensor, of record: ConversionLedger.Record
    ) throws -> Bool? {
        guard line.rule != nil, let role = line.role, let own = line.entry.role else { return nil }
        let entry = WeightEntry(name: line.target, tensor: tensor, role: role)
        return try entry.converted(to: own.layout).tensor().digest() == record.cast
    }

    /// The position in `written` of each line's tensor.
    ///
    /// A writer may have to name tensors its own way. They are found by name, by the name that the
    /// file keeps for the way back, by what they are, and otherwise by their place among those
    /// that are left.
    private static func positions(
        of plan: ConversionPlan, in written: WeightFile
    ) throws -> [Int] {
        var byName: [[UInt8]: Int] = [:]
        var bySource: [[UInt8]: Int] = [:]
        var byRole: [String: Int] = [:]
        for (index, entry) in written.entries.enumerated() {
            byName[Array(entry.name.utf8)] = index
            if let name = entry.sourceName { bySource[Array(name.utf8)] = index }
            if let role = entry.role { byRole[role.layer + "/" + role.kerasName] = index }
        }
        var positions = [Int?](repeating: nil, count: plan.lines.count)
        var free = Set(written.entries.indices)
        func assign(_ find: (ConversionPlan.Line) -> Int?) {
            for index in plan.lines.indices where positions[index] == nil {
                guard let found = find(plan.lines[index]), free.remove(found) != nil else {
                    continue
                }
                positions[index] = found
            }
        }
        assign { byName[Array($0.target.utf8)] }
        assign { bySource[Array($0.target.utf8)] }
        assign { $0.role.flatMap { byRole[$0.layer + "/" + $0.kerasName] } }
        var rest = free.sorted().makeIterator()
        assign { _ in rest.next() }
        if let index = positions.firstIndex(of: nil) {
            throw Failure(
                "\(written.path): was read back with \(written.entries.count) tensors, and none of "
                    + "them is '\(plan.lines[index].target)'")
        }
        if written.entries.count > plan.lines.count {
            let extra = written.entries[rest.next() ?? 0].name
            throw Failure("\(written.path): was read back with the tensor '\(extra)' as well")
        }
        return positions.compactMap { $0 }
    }
}
