// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import Interchange
import Tensors
import Training

/// Converting a file of weights into another format, with proof: what `retort convert` does.
struct Conversion {
    let input: String
    var output: String
    /// Which of a store's checkpoints to convert.
    var checkpoint: String?
    /// What the checkpoint is called in the store that it goes to.
    var name: String?
    var format: WeightFormat?
    var dtype: ElementType?
    var layout: ParameterRole.Layout?
    /// The graph of weights that do not say theirs.
    var graph: GraphReference?
    /// Safetensors are split into files of at most this size.
    var maximumShardBytes: Int?
    var certificate: String?
    /// Whether the certificate is shown or kept, so that files need their SHA-256.
    var identifiesFiles = false

    struct Outcome {
        let certificate: ConversionCertificate
        let byteCount: Int
        let seconds: Double
    }

    func run(progress: ProgressReporter) throws -> Outcome {
        let clock = ContinuousClock()
        let start = clock.now
        var source = try WeightSource(input, checkpoint: checkpoint)
        try graph?.apply(to: &source.file)
        let target = try ConversionTarget(
            output, stated: format, name: name, layout: layout, source: source)
        let plan = try plan(source, target)
        let ledger = ConversionLedger(plan, path: input, progress: progress)
        let result: ConversionCertificate
        do {
            result =
                target.isExistingStore
                ? try append(plan, source, to: target, ledger, progress)
                : try write(plan, source, to: target, ledger, progress)
        } catch  where Interruption.isRequested {
            throw Failure.interrupted("\(output) is as it was")
        }
        if let certificate {
            try TextFile.replace(certificate, with: result.json.text(pretty: true) + "\n")
        }
        return Outcome(
            certificate: result, byteCount: plan.byteCount, seconds: (clock.now - start).seconds)
    }

    private func plan(
        _ source: WeightSource, _ target: ConversionTarget
    ) throws -> ConversionPlan {
        guard maximumShardBytes == nil || target.format == .shardedSafetensors else {
            throw Failure(
                "\(output): --shard-size is for OUT ending in .safetensors.index.json and for "
                    + "--share")
        }
        var plan = try ConversionPlanner(
            source.file, to: target.format, layout: layout, dtype: dtype
        ).plan()
        if target.format != .store, let lineage = ConvertedCheckpoint.Lineage(of: source).json {
            plan.metadata[ConvertedCheckpoint.Lineage.metadataKey] = lineage
        }
        return plan
    }

    // MARK: A new file

    /// Makes the file in a hidden folder, proves it there, and only then gives it its name.
    private func write(
        _ plan: ConversionPlan, _ source: WeightSource, to target: ConversionTarget,
        _ ledger: ConversionLedger, _ progress: ProgressReporter
    ) throws -> ConversionCertificate {
        let staging = try StagingFolder(beside: target.path)
        defer { staging.discard() }
        do {
            return try write(plan, source, to: target, in: staging, ledger, progress)
        } catch {
            throw staging.named(error, as: target.path)
        }
    }

    private func write(
        _ plan: ConversionPlan, _ source: WeightSource, to target: ConversionTarget,
        in staging: StagingFolder, _ ledger: ConversionLedger, _ progress: ProgressReporter
    ) throws -> ConversionCertificate {
        let place = staging.place(of: target.path)
        if target.format == .store {
            let writer = try StoreWriter.create(path: place)
            defer { writer.close() }
            _ = try ConvertedCheckpoint(plan: plan, source: source).append(
                to: writer, named: target.checkpoint, ledger)
            try writer.commit()
        } else {
            let content = try plan.content(ledger)
            if target.format == .shardedSafetensors, let maximumShardBytes {
                try WeightFile.writeShards(content, to: place, maximumBytes: maximumShardBytes)
            } else {
                try WeightFile.write(content, as: target.format, to: place)
            }
        }
        let isStore = target.format == .store
        let written = try WeightSource(place, checkpoint: isStore ? target.checkpoint : nil)
        // Keras's paths in a plain HDF5 file make it one of Keras's.
        let isTree = target.format == .hdf5 && written.file.format.nameFamily != .other
        guard written.file.format == target.format || isTree else {
            throw Failure(
                "\(target.path): was read back as a \(written.file.format.title), expected a "
                    + target.format.title)
        }
        let files =
            isStore || !identifiesFiles
            ? []
            : try staging.names.map {
                try FileIdentity(staging.path + "/" + $0, name: $0)
            }
        let certificate = try prove(
            plan, source, written, target, files: files, ledger, progress)
        try staging.publish(as: target.path, keeping: source.file.path)
        return certificate
    }

    // MARK: A store that is there

    /// Adds the checkpoint in one transaction and takes it out again unless it is proven.
    private func append(
        _ plan: ConversionPlan, _ source: WeightSource, to target: ConversionTarget,
        _ ledger: ConversionLedger, _ progress: ProgressReporter
    ) throws -> ConversionCertificate {
        let writer = try StoreWriter.open(path: target.path)
        defer { writer.close() }
        try writer.requireFree(.checkpoint, target.checkpoint)
        _ = try ConvertedCheckpoint(plan: plan, source: source).append(
            to: writer, named: target.checkpoint, ledger)
        try writer.commit()
        do {
            let written = try WeightSource(target.path, checkpoint: target.checkpoint)
            return try prove(plan, source, written, target, files: [], ledger, progress)
        } catch {
            try writer.remove(.checkpoint, named: target.checkpoint)
            try writer.commit()
            throw error
        }
    }

    // MARK: Proof

    private func prove(
        _ plan: ConversionPlan, _ source: WeightSource, _ written: WeightSource,
        _ target: ConversionTarget, files: [FileIdentity], _ ledger: ConversionLedger,
        _ progress: ProgressReporter
    ) throws -> ConversionCertificate {
        var proof = try ConversionProof(
            plan, ledger, written: written.file, progress: progress)
        let isExact = ledger.records.allSatisfy { $0.report?.isExact ?? true }
        let unrun = try Self.compareLogits(source, written, isExact: isExact, into: &proof)
        return ConversionCertificate(
            source: try Self.side(of: source, path: input, isIdentified: identifiesFiles),
            target: ConversionCertificate.Side(
                path: target.path, format: target.format, files: files,
                checkpoint: written.checkpoint?.name,
                checkpointDigest: written.checkpoint?.digest),
            plan: plan, proof: proof, unrun: unrun)
    }

    /// - Returns: why there is nothing to compare; nil when the logits were compared.
    /// - Throws: ``Failure`` when they differ and no cast explains it.
    static func compareLogits(
        _ source: WeightSource, _ written: WeightSource, isExact: Bool,
        into proof: inout ConversionProof
    ) throws -> String? {
        let (before, after): (RunnableWeights, RunnableWeights)
        do {
            before = try RunnableWeights(source.file)
        } catch {
            return "the source has no graph to run: \(error)"
        }
        do {
            after = try RunnableWeights(written.file)
        } catch {
            return "the result has no graph to run: \(error)"
        }
        guard max(before.elementCount, after.elementCount) <= LogitsComparison.elementLimit else {
            return "the model has \(before.elementCount) parameters, which is more than are run"
        }
        let logits = try LogitsComparison(
            source: before, target: after,
            stores: [source.store, written.store].compactMap { $0 }, isExact: isExact)
        guard logits.isEqual else {
            throw Failure(
                "\(written.file.path): its logits differ from the source's by "
                    + "\(logits.maximumDifference) on \(logits.batch), expected at most "
                    + "\(logits.tolerance ?? 0)")
        }
        proof.logits = logits
        return nil
    }

    static func side(
        of source: WeightSource, path: String, isIdentified: Bool = true
    ) throws -> ConversionCertificate.Side {
        let format = source.file.format
        var side = ConversionCertificate.Side(path: path, format: format)
        if let checkpoint = source.checkpoint {
            side.checkpoint = checkpoint.name
            side.checkpointDigest = checkpoint.digest
        } else if isIdentified {
            side.files = [try FileIdentity(path)]
            if format == .shardedSafetensors { side.files += try shards(of: path) }
        }
        return side
    }

    /// The files that an index names. Its reader has refused paths out of the folder.
    private static func shards(of index: String) throws -> [FileIdentity] {
        let region = try ByteRegion(mappingFile: index)
        let json = try JSON(parsing: String(decoding: region.bytes, as: UTF8.self))
        let names = (json["weight_map"]?.objectValue ?? [:]).values.compactMap(\.stringValue)
        return try Set(names).sorted().map {
            try FileIdentity(StagingFolder.folder(of: index) + "/" + $0, name: $0)
        }
    }
}
