// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import Interchange
import Tensors
import Training

/// A folder as Hugging Face's libraries read it: what `retort convert --share` makes.
///
/// Safetensors in PyTorch's names and layout, `config.json`, a model card that says what the store
/// knows, and the certificate. The folder is made beside its place, proven, and renamed.
struct Sharing {
    let conversion: Conversion

    private static let weights = "model.safetensors"
    private static let index = "model.safetensors.index.json"
    /// What the Hub's own tools split at.
    private static let defaultShardBytes = 5_000_000_000

    func run(progress: ProgressReporter) throws -> Conversion.Outcome {
        let clock = ContinuousClock()
        let start = clock.now
        let folder = conversion.output
        try requireFree(folder)
        var source = try WeightSource(conversion.input, checkpoint: conversion.checkpoint)
        try conversion.graph?.apply(to: &source.file)
        let evaluation = try source.evaluate(progress: progress)
        let limit = conversion.maximumShardBytes ?? Self.defaultShardBytes
        let plan = try plan(source, limit: limit)
        let isSharded = plan.format == .shardedSafetensors
        let staging = try StagingFolder(
            beside: folder.hasSuffix("/") ? String(folder.dropLast()) : folder)
        defer { staging.discard() }
        let place = staging.path + "/" + (isSharded ? Self.index : Self.weights)
        let ledger = ConversionLedger(plan, path: conversion.input, progress: progress)
        let certificate: ConversionCertificate
        do {
            let content = try plan.content(ledger)
            if isSharded {
                try WeightFile.writeShards(content, to: place, maximumBytes: limit)
            } else {
                try WeightFile.write(content, as: plan.format, to: place)
            }
            certificate = try prove(plan, source, at: place, staging, ledger, progress)
        } catch  where Interruption.isRequested {
            throw Failure.interrupted("\(folder) was not made")
        }
        try describe(plan, source, evaluation, certificate, in: staging)
        try staging.publish(folder: folder)
        if let path = conversion.certificate {
            try TextFile.replace(path, with: certificate.json.text(pretty: true) + "\n")
        }
        return Conversion.Outcome(
            certificate: certificate, byteCount: plan.byteCount,
            seconds: (clock.now - start).seconds)
    }

    private func requireFree(_ folder: String) throws {
        guard access(folder, F_OK) == 0 else { return }
        guard let directory = opendir(folder) else {
            throw Failure("\(folder): is there already and is no folder")
        }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // "." and ".."
        guard count <= 2 else {
            throw Failure("\(folder): holds files already, expected a new or an empty folder")
        }
    }

    private func plan(_ source: WeightSource, limit: Int) throws -> ConversionPlan {
        let isRunnable = (try? RunnableWeights(source.file)) != nil
        func plan(as format: WeightFormat) throws -> ConversionPlan {
            var planner = ConversionPlanner(
                source.file, to: format, layout: isRunnable ? .pytorch : nil,
                dtype: conversion.dtype)
            planner.keepsOldNames = false
            var plan = try planner.plan()
            let state = plan.lines.filter { ConversionPlanner.isState($0.source ?? "") }
            plan.lines.removeAll { ConversionPlanner.isState($0.source ?? "") }
            plan.leftOut += state.map { ($0.source ?? "", "it belongs to the optimizer") }
            // The card says what others need to know; recipes and histories stay in the store.
            plan.metadata = [:]
            plan.metadata[ConvertedCheckpoint.Lineage.metadataKey] =
                ConvertedCheckpoint.Lineage(of: source).json
            return plan
        }
        let single = try plan(as: .safetensors)
        return single.byteCount > limit ? try plan(as: .shardedSafetensors) : single
    }

    private func prove(
        _ plan: ConversionPlan, _ source: WeightSource, at place: String,
        _ staging: StagingFolder, _ ledger: ConversionLedger, _ progress: ProgressReporter
    ) throws -> ConversionCertificate {
        let written = try WeightSource(place)
        var proof = try ConversionProof(
            plan, ledger, written: written.file, progress: progress)
        let isExact = ledger.records.allSatisfy { $0.report?.isExact ?? true }
        let unrun = try Conversion.compareLogits(
            source, written, isExact: isExact, into: &proof)
        let files = try staging.names.map {
            try FileIdentity(staging.path + "/" + $0, name: $0)
        }
        return ConversionCertificate(
            source: try Conversion.side(
                of: source, path: conversion.input),
            target: ConversionCertificate.Side(
                path: conversion.output, format: plan.format, files: files),
            plan: plan, proof: proof, unrun: unrun)
    }

    private func describe(
        _ plan: ConversionPlan, _ source: WeightSource, _ evaluation: OfflineEvaluation.Outcome?,
        _ certificate: ConversionCertificate, in staging: StagingFolder
    ) throws {
        let name =
            source.checkpoint?.name
            ?? StagingFolder.name(of: conversion.input).split(separator: ".").first.map(String.init)
            ?? "model"
        let configuration = SharedConfiguration(plan: plan, source: source)
        try TextFile.replace(
            staging.path + "/config.json", with: configuration.json.text(pretty: true) + "\n")
        let card = ModelCard(
            name: name, source: source, plan: plan, certificate: certificate,
            evaluation: evaluation)
        try TextFile.replace(staging.path + "/README.md", with: card.text)
        try TextFile.replace(
            staging.path + "/certificate.json", with: certificate.json.text(pretty: true) + "\n")
    }
}

extension WeightSource {
    /// How the checkpoint does on the sets of its store; nil where there is nothing to judge.
    fileprivate func evaluate(progress: ProgressReporter) throws -> OfflineEvaluation.Outcome? {
        guard let store, let checkpoint, checkpoint.architecture != .null else { return nil }
        let shape = try Graph(json: checkpoint.architecture).inputShape
        let sets = try store.adversarialSets.map(\.name.description).filter {
            try store.adversarialSet(named: $0).shape.dimensions.dropFirst()
                .elementsEqual(shape.dimensions)
        }
        guard !sets.isEmpty else { return nil }
        return try OfflineEvaluation(
            store: store.path, checkpoints: [checkpoint.name], sets: sets
        ).run(progress: progress)
    }
}

/// `config.json`: what a loader needs to rebuild the model.
struct SharedConfiguration {
    let plan: ConversionPlan
    let source: WeightSource

    var json: JSON {
        var json: JSON = [
            "model_type": "retort", "retort_version": .string(Retort.version),
            "layout": "pytorch",
            "parameters": .integer(plan.lines.reduce(0) { $0 + $1.shape.elementCount }),
        ]
        let types = Set(plan.lines.map(\.elementType).filter(\.isFloatingPoint))
        if types.count == 1, let type = types.first {
            json["torch_dtype"] = .string(type.torchName)
        }
        guard plan.isRunnable, let text = plan.model?.graph, let graph = try? Graph(json: text)
        else { return json }
        json["graph"] = text
        json["input_shape"] = .array(graph.inputShape.dimensions.map { .integer($0) })
        json["pixel_range"] = [0, 1]
        json["num_labels"] = .integer(graph.classCount)
        let names = source.classNames
        if names.count == graph.classCount {
            json["id2label"] = .object(
                Dictionary(uniqueKeysWithValues: names.enumerated().map { ("\($0)", .string($1)) }))
            // Two classes may share a name; the first has it.
            json["label2id"] = .object(
                Dictionary(names.enumerated().map { ($1, .integer($0)) }) { first, _ in first })
        }
        for node in graph.nodes {
            guard case .normalize(let mean, let deviation) = node.operation else { continue }
            json["normalization"] = [
                "mean": .array(mean.map(JSON.float)), "std": .array(deviation.map(JSON.float)),
                "part_of_graph": true,
            ]
        }
        return json
    }
}

extension WeightSource {
    var classNames: [String] {
        (file.metadata["class_names"]?.arrayValue ?? []).compactMap(\.stringValue)
    }
}

extension ElementType {
    fileprivate var torchName: String {
        switch self {
        case .f16: "float16"
        case .bf16: "bfloat16"
        case .f64: "float64"
        default: "float32"
        }
    }
}
