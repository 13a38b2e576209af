// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Tensors

/// Writing a stored set or soft labels for another tool: what `retort export` does.
struct ForeignExport {
    let store: String
    /// A name, or a path such as `soft_labels/teacher`.
    let object: String
    let out: String
    /// Nil to go by the suffix of `out`.
    var form: String?

    struct Outcome {
        let kind: ObjectKind
        let name: String
        let digest: Digest
        let form: String
        let rows: Int
    }

    func run() throws -> Outcome {
        let store = try Store.open(path: store)
        let exportable = store.entries.filter {
            $0.kind == .adversarialSet || $0.kind == .softLabels
        }
        let reference: ObjectReference
        do {
            reference = try ObjectReference(object, in: exportable, file: store.path)
        } catch {
            if let other = try? ObjectReference(object, in: store.entries, file: store.path) {
                throw Failure(
                    "\(store.path): '\(object)' is a \(other.kind.title), expected an adversarial "
                        + "set or soft labels; 'retort convert' writes checkpoints")
            }
            throw error
        }
        return reference.kind == .softLabels
            ? try exportLabels(store.softLabels(named: reference.name))
            : try exportSet(store.adversarialSet(named: reference.name))
    }

    private func exportSet(_ stored: AdversarialSet) throws -> Outcome {
        let form: ForeignSet.Form = try chosen(from: [
            "npz": .npz, "npy": .npy, "pt": .torchattacks, "pth": .autoattack,
        ])
        var metadata = stored.metadata.objectValue ?? [:]
        metadata[ForeignRecord.key] = [
            "kind": .string(ObjectKind.adversarialSet.rawValue), "name": .string(stored.name),
            "digest": .string(stored.digest.hexadecimal),
            "source_digest": .string(stored.sourceDigest.hexadecimal),
            "data_digest": .string(stored.dataDigest.hexadecimal),
        ]
        let adversarial = try stored.adversarial()
        guard adversarial.shape.rank == 4 || form == .npz || form == .npy else {
            throw Failure(
                "\(store): set '\(stored.name)' has shape \(adversarial.shape), expected "
                    + "(N, C, H, W) for \(form.rawValue)")
        }
        let set = ForeignSet(
            form: form, adversarial: adversarial, clean: try stored.clean(),
            labels: stored.labels, targets: stored.targets, status: stored.status,
            margin: stored.margin, distance: stored.distance, rowIndex: stored.rowIndex,
            metadata: metadata)
        try set.write(as: form, to: out)
        return Outcome(
            kind: .adversarialSet, name: stored.name, digest: stored.digest, form: form.rawValue,
            rows: stored.count)
    }

    private func exportLabels(_ stored: SoftLabels) throws -> Outcome {
        let form: ForeignLogits.Form = try chosen(from: [
            "npz": .npz, "npy": .npy, "pt": .pytorch, "pth": .pytorch,
        ])
        var metadata = stored.metadata.objectValue ?? [:]
        metadata[ForeignRecord.key] = [
            "kind": .string(ObjectKind.softLabels.rawValue), "name": .string(stored.name),
            "digest": .string(stored.digest.hexadecimal),
            "teacher_digest": .string(stored.teacherDigest.hexadecimal),
            "data_digest": .string(stored.dataDigest.hexadecimal),
            "augmentation_seed": stored.augmentationSeed.map { .string(String($0)) } ?? .null,
        ]
        let logits = ForeignLogits(
            logits: try stored.logits(), rowIndex: try stored.rowIndex(),
            rowDigests: try stored.rowDigests(), metadata: metadata)
        try logits.write(as: form, to: out)
        return Outcome(
            kind: .softLabels, name: stored.name, digest: stored.digest, form: form.rawValue,
            rows: stored.count)
    }

    private func chosen<Form: RawRepresentable<String> & CaseIterable>(
        from suffixes: [String: Form]
    ) throws -> Form {
        if let form {
            if let known = Form(rawValue: form) { return known }
            let all = Form.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure("--form is '\(form)', expected one of \(all)")
        }
        let suffix = out.split(separator: ".").last.map { $0.lowercased() } ?? ""
        if let known = suffixes[suffix] { return known }
        let all = suffixes.keys.sorted().map { "." + $0 }.joined(separator: ", ")
        throw Failure("\(out): expected a name ending in \(all), or --form")
    }
}
