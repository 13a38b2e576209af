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
        var rule: LayoutRule?
        /// The element type to cast to; nil where it stays.
        var cast: ElementType?
        /// The earlier line, by its target name, that has the very same elements.
        var sharedWith: String?
        /// Of a parameter that the source does not hold: the digest of the value it gets.
        var impliedDigest: Digest?
        /// What the graph takes the tensor's layer for.
        var graphKind: ParameterRole.LayerKind?

        var shape: Shape { rule?.target ?? entry.shape }
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
        WeightContent(
            entries: try lines.indices.map { try entry(at: $0, ledger) },
            metadata: CarriedModel.metadata(
                metadata, carrying: model, layout: layout ?? .pytorch, in: format),
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
            try ledger.note(source: tensor, stated: source.digest, at: index)
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
        var moved = loaded
        if line.rule != nil, let layout = line.role?.layout {
            moved = try loaded.converted(to: layout)
        }
        let arriving = moved
        var entry = WeightEntry(
            name: line.target, elementType: cast ?? stored, shape: line.shape, role: line.role
        ) { () throws(InterchangeError) in
            let tensor = try arriving.tensor()
            ledger.note(target: tensor, at: index)
            return tensor
        }
        entry.sharedWith = line.sharedWith
        return entry
    }
}
