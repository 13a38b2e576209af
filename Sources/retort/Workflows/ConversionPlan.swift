// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors
import Training

/// What a conversion will do with every tensor, before anything is read or written.
struct ConversionPlan {
    /// One tensor of the result.
    struct Line {
        /// The name in the source; nil for a parameter that the source does not hold and that has
        /// a value all the same.
        let source: String?
        /// The tensor as the source has it.
        let entry: WeightEntry
        var target: String
        /// What the tensor is, and whose layout it gets.
        var role: ParameterRole?
        /// What moves where; nil where the elements stay as they lie.
        var move: ConversionMove?
        /// The element type to cast to; nil where it stays.
        var cast: ElementType?
        /// The earlier line, by its target name, that has the very same elements.
        var sharedWith: String?
        /// The name to come back to, where no rule gives it back.
        var original: String?

        var shape: Shape { move?.shape ?? entry.shape }
        var elementType: ElementType { cast ?? entry.elementType ?? .u8 }
        var byteCount: Int { shape.elementCount * elementType.byteCount }
    }

    var format: WeightFormat
    var lines: [Line]
    /// Names of the source's tensors that the result does not get, and why.
    var leftOut: [(name: String, reason: String)] = []
    /// Whose axis order the result's kernels follow, where that was decided.
    var layout: ParameterRole.Layout?
    /// Whether the result knows a graph that all of its parameters are there for.
    var isRunnable: Bool
    var model: ModelDescription?
    var metadata: [String: JSON]
    /// What the user should know, a sentence each without its stop.
    var notes: [String] = []

    var byteCount: Int { lines.reduce(0) { $0 + $1.byteCount } }

    /// The content to hand to a writer. Elements are loaded, cast and moved when the writer asks
    /// for them, and the ledger notes what passed.
    func content(_ ledger: ConversionLedger) throws -> WeightContent {
        let entries = try lines.indices.map { try entry(at: $0, ledger) }
        var carried: [CarriedTensor] = []
        // A NumPy array has no room for more than itself.
        if format != .npy {
            // The digests go into the file's head, so they must be known before it is written.
            for entry in entries { _ = try entry.tensor() }
            carried = zip(lines, ledger.records).map { line, record in
                CarriedTensor(
                    name: line.target, digest: record.target, original: line.original,
                    role: line.role)
            }
        }
        return WeightContent(
            entries: entries,
            metadata: CarriedModel.metadata(
                metadata, carrying: model, layout: layout ?? .pytorch, tensors: carried,
                in: format),
            model: model)
    }

    /// One tensor on its way: source, cast, layout, each step digested where it changes something.
    func entry(at index: Int, _ ledger: ConversionLedger) throws -> WeightEntry {
        let line = lines[index]
        guard let stored = line.entry.elementType else {
            // Refuses with the reason the reader gave.
            _ = try line.entry.tensor()
            throw Failure("tensor '\(line.entry.name)': is listed and not read")
        }
        let (source, cast) = (line.entry, line.cast)
        let loaded = WeightEntry(
            name: line.target, elementType: cast ?? stored, shape: source.shape, role: source.role
        ) { () throws(InterchangeError) in
            try ledger.check(source.name)
            var tensor = try source.tensor()
            ledger.retire(before: tensor)
            try ledger.note(source: tensor, of: source, at: index)
            if let cast {
                do throws(TensorError) {
                    let (result, report) = try tensor.cast(to: cast)
                    ledger.note(cast: result, report, at: index)
                    tensor = result
                } catch {
                    throw InterchangeError(
                        .unsupported, "tensor '\(source.name)'", error.description)
                }
            }
            return tensor
        }
        let move = line.move
        var entry = WeightEntry(
            name: line.target, elementType: cast ?? stored, shape: line.shape, role: line.role
        ) { () throws(InterchangeError) in
            let tensor = try loaded.tensor()
            let result = try move?.applied(to: tensor) ?? tensor
            ledger.note(target: result, at: index)
            return result
        }
        entry.sharedWith = line.sharedWith
        return entry
    }
}
