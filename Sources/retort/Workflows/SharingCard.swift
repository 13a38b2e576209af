// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Reporting
import Robustness
import Tensors
import Training

/// The model card of a shared model: what the store knows, and nothing that it does not.
struct ModelCard {
    let name: String
    let source: WeightSource
    let plan: ConversionPlan
    let certificate: ConversionCertificate
    let evaluation: OfflineEvaluation.Outcome?

    private var metadata: [String: JSON] { source.file.metadata }
    private var graph: Graph? {
        plan.isRunnable ? plan.model?.graph.flatMap { try? Graph(json: $0) } : nil
    }

    var text: String {
        ([head, introduction, use] + [model, training, lineage, judged, proof].compactMap { $0 })
            .joined(separator: "\n\n") + "\n"
    }

    // MARK: Head

    /// The YAML that the Hub reads. Nobody but the author can grant a licence.
    private var head: String {
        var lines = [
            "---", "license: other", "license_name: unknown", "library_name: retort",
        ]
        if graph?.inputShape.rank == 3 { lines.append("pipeline_tag: image-classification") }
        var tags = ["retort"]
        if metadata["distillation"] != nil { tags.append("distillation") }
        if evaluation != nil { tags.append("adversarial-examples") }
        lines += ["tags:"] + tags.map { "  - \($0)" }
        if let accuracy = metadata["metrics"]?["test_accuracy"]?.doubleValue {
            lines += [
                "model-index:", "  - name: \(quoted(name))", "    results:", "      - task:",
                "          type: image-classification", "        dataset:",
                "          name: \(quoted(dataName ?? "unknown"))",
                "          type: \(quoted(dataName ?? "unknown"))", "        metrics:",
                "          - type: accuracy", "            value: \(accuracy)",
            ]
        }
        return (lines + ["---"]).joined(separator: "\n")
    }

    /// A YAML string: JSON's are.
    private func quoted(_ text: String) -> String { JSON.string(text).text() }

    /// What it was trained on, without anybody's paths.
    private var dataName: String? {
        guard let text = metadata["data"]?.stringValue else { return nil }
        // Rows are picked in brackets behind the name; what follows a colon before them is a path.
        let name = text.prefix { $0 != "[" }
        return name.firstIndex(of: ":").map { String(name[..<$0]) } ?? text
    }

    // MARK: Sections

    private var introduction: String {
        let count = plan.lines.reduce(0) { $0 + $1.shape.elementCount }
        var text =
            "# \(escaped(name))\n\n\(NumberText.count(count)) parameters in "
            + "\(plan.lines.count) tensors, in PyTorch's names and layout"
        if let graph {
            text +=
                ". It maps images of shape \(graph.inputShape) with pixels in [0, 1] to "
                + "\(graph.classCount) logits; normalisation, if any, is part of the model"
        }
        return text + ". Written by Retort \(Retort.version) from a "
            + "\(source.file.format.title)."
    }

    private var use: String {
        let isSharded = plan.format == .shardedSafetensors
        let file = isSharded ? "model.safetensors.index.json" : "model.safetensors"
        return """
            ## Use

            ```
            retort inspect \(file)
            retort convert \(file) lab.h5 --as \(ObjectName.isValid(name, kind: .checkpoint) ? name : "model")
            ```

            The tensors open with `safetensors` in any framework; `config.json` holds the graph \
            they belong to.
            """
    }

    private var model: String? {
        guard let graph else {
            return "## Model\n\nThe structure is not known: "
                + escaped(
                    (source.file.model?.notes ?? ["the file does not say it"]).joined(
                        separator: "; "))
                + "."
        }
        var rows = ["| layer | operation | output |", "|---|---|---|"]
        for (node, shape) in zip(graph.nodes, graph.shapes) {
            rows.append("| \(node.name) | \(node.operation.name) | \(shape) |")
        }
        return "## Model\n\n" + rows.joined(separator: "\n")
    }

    private var training: String? {
        var lines: [String] = []
        if let dataName { lines.append("- data: \(escaped(dataName))") }
        if let epoch = metadata["epoch"]?.integerValue { lines.append("- epoch: \(epoch)") }
        if let loss = metadata["loss"]?["summary"]?.stringValue {
            lines.append("- loss: `\(loss.replacing("`", with: "'"))`")
        }
        for key in ["recipe", "distillation"] {
            guard let settings = metadata[key] else { continue }
            lines.append("- \(key): `\(settings.text().replacing("`", with: "'"))`")
        }
        for (key, value) in (metadata["metrics"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }
        )
        where key.hasSuffix("accuracy") || key.hasSuffix("loss") || key.hasSuffix("rows") {
            lines.append("- \(key.replacing("_", with: " ")): \(value)")
        }
        return lines.isEmpty ? nil : "## Training\n\n" + lines.joined(separator: "\n")
    }

    private var lineage: String? {
        guard let store = source.store, let checkpoint = source.checkpoint else { return nil }
        let lineage = store.lineage
        var lines = ["This checkpoint has the digest `\(checkpoint.digest)`. It rests on:", ""]
        var pending: [(digest: Digest, depth: Int)] = [(checkpoint.digest, 0)]
        var seen: Set<Digest> = []
        while let (digest, depth) = pending.popLast() {
            for edge in lineage.origins(of: digest).reversed() {
                pending.append((edge.origin, depth + 1))
            }
            guard depth > 0, let node = lineage.node(digest) else { continue }
            let isNew = seen.insert(digest).inserted
            if !isNew { pending.removeAll { $0.depth == depth + 1 } }
            lines.append(
                String(repeating: "  ", count: depth - 1) + "- "
                    + escaped(LineageRendering.title(node)) + (isNew ? "" : " (as above)"))
        }
        return lines.count == 2 ? nil : "## Lineage\n\n" + lines.joined(separator: "\n")
    }

    private var judged: String? {
        guard let evaluation, !evaluation.evaluations.isEmpty else { return nil }
        var rows = [
            "| set | attack | allowed | access | rows | right when clean | right under attack |",
            "|---|---|---|---|---|---|---|",
        ]
        for result in evaluation.evaluations {
            rows.append(
                "| \(escaped(result.set)) | \(escaped(result.attack)) | "
                    + "\(result.threatModel.description) | \(result.access.rawValue) | "
                    + "\(result.rows) | \(percent(result.cleanAccuracy)) | "
                    + "\(percent(result.rates.adversarialAccuracy)) |")
        }
        let verdicts =
            (evaluation.worstCases.map(\.verdict) + evaluation.evaluations.map(\.verdict))
            .map { "- " + escaped($0) }
        return """
            ## Under attack

            Every set was judged offline from the stored examples. Distances were measured again; \
            rows outside their threat model count as not attacked. Intervals are Wilson's at 95 %.

            \(rows.joined(separator: "\n"))

            \(verdicts.joined(separator: "\n"))
            """
    }

    private func percent(_ rate: Rate) -> String {
        let interval = rate.interval
        return "\(NumberText.percent(rate.value ?? .nan)) "
            + "(\(NumberText.percent(interval.lowerBound)) to "
            + "\(NumberText.percent(interval.upperBound)))"
    }

    private var proof: String {
        var lines = ["## Proof", "", "`certificate.json`: \(escaped(certificate.verdict)).", ""]
        lines += ["| file | bytes | SHA-256 |", "|---|---|---|"]
        for file in certificate.target.files {
            lines.append("| \(file.name) | \(file.byteCount) | `\(file.digest)` |")
        }
        return lines.joined(separator: "\n")
    }

    /// Text from a file as Markdown shows it, on one line.
    private func escaped(_ text: String) -> String {
        var result = ""
        for character in printable(text) {
            if "\\`*_{}[]<>#|!~".contains(character) { result.append("\\") }
            result.append(character)
        }
        return result
    }
}
