// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Tensors
import Training

/// Converted weights as a checkpoint of a store.
struct ConvertedCheckpoint {
    let plan: ConversionPlan
    let source: WeightSource

    /// Adds the checkpoint to the transaction.
    func append(
        to writer: StoreWriter, named name: String, _ ledger: ConversionLedger
    ) throws -> Digest {
        let lineage = Lineage(of: source)
        var content = StreamedCheckpoint(
            parameters: try parameters(ledger),
            architecture: plan.isRunnable ? plan.model?.graph ?? .null : .null,
            metadata: .object(metadata))
        content.parents = lineage.parents
        content.dataDigest = lineage.data
        let digest = try writer.append(checkpoint: content, named: name)
        guard let stated = lineage.checkpoint, stated != digest else { return digest }
        // Another thing than the checkpoint whose lineage this is: it was made from that one.
        try writer.remove(.checkpoint, named: name)
        content.parents = [stated]
        return try writer.append(checkpoint: content, named: name)
    }

    private func parameters(
        _ ledger: ConversionLedger
    ) throws -> [StreamedCheckpoint.Parameter] {
        var specifications: [String: ParameterSpecification] = [:]
        if plan.isRunnable, let json = plan.model?.graph {
            for parameter in try Graph(json: json).parameters {
                specifications[parameter.name] = parameter
            }
        }
        return try plan.lines.indices.map { index in
            let entry = try plan.entry(at: index, ledger)
            let specification = specifications[entry.name]
            return StreamedCheckpoint.Parameter(
                name: entry.name, elementType: plan.lines[index].elementType, shape: entry.shape,
                axes: specification?.axes, role: specification?.role.rawValue
            ) { () throws(StoreError) in
                do throws(InterchangeError) {
                    return try entry.tensor()
                } catch {
                    throw StoreError(.invalidContent, file: error.subject, error.problem)
                }
            }
        }
    }

    /// The source's metadata with what the way back needs and what was not understood.
    private var metadata: [String: JSON] {
        var metadata = CarriedModel.metadata(
            plan.metadata, carrying: plan.model, layout: .pytorch, in: .store)
        metadata[Lineage.metadataKey] = nil
        if !plan.isRunnable, !plan.notes.isEmpty {
            metadata["notes"] = .array(plan.notes.map { .string($0) })
        }
        return metadata
    }
}

extension ConvertedCheckpoint {
    /// Where a checkpoint comes from, as files outside a store carry it.
    struct Lineage {
        static let metadataKey = "lineage"

        /// The checkpoint's own digest.
        var checkpoint: Digest?
        var parents: [Digest] = []
        var data: Digest?

        init(of source: WeightSource) {
            if let stored = source.checkpoint {
                checkpoint = stored.digest
                parents = stored.parents
                data = stored.dataDigest
                return
            }
            func digest(_ json: JSON?) -> Digest? {
                json?.stringValue.flatMap { try? Digest(hexadecimal: $0) }
            }
            let json = source.file.metadata[Self.metadataKey]
            guard let own = digest(json?["checkpoint"]) else { return }
            checkpoint = own
            parents = (json?["parents"]?.arrayValue ?? []).compactMap(digest)
            data = digest(json?["data"])
        }

        var json: JSON? {
            guard let checkpoint else { return nil }
            return [
                "checkpoint": .string(checkpoint.hexadecimal),
                "parents": .array(parents.map { .string($0.hexadecimal) }),
                "data": data.map { .string($0.hexadecimal) } ?? .null,
            ]
        }
    }
}
