// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// The digests of objects, from `docs/store-format.md` section 4.
enum ContentDigest {
    static func text(_ text: String) -> Digest { Digest(hashing: Array(text.utf8)) }

    /// SHA-256 of lines, each ended by a newline.
    private static func lines(_ lines: [String]) -> Digest {
        text(lines.map { $0 + "\n" }.joined())
    }

    private static func arrayLines(_ word: String, _ manifest: [ManifestEntry]) -> [String] {
        manifest.sorted { precedesInBytes($0.name, $1.name) }
            .map { "\(word) \($0.digest) \($0.name)" }
    }

    /// Over architecture and manifest: the same weights and graph have the same digest.
    static func checkpoint(architecture: String, manifest: [ManifestEntry]) -> Digest {
        lines(
            ["retort-checkpoint-1", "architecture \(text(architecture))"]
                + arrayLines("tensor", manifest))
    }

    static func softLabels(
        teacher: Digest, data: Digest, augmentationSeed: UInt64?, manifest: [ManifestEntry]
    ) -> Digest {
        lines(
            [
                "retort-soft-labels-1", "teacher \(teacher)", "data \(data)",
                "augmentation \(augmentationSeed.map(String.init) ?? "none")",
            ] + arrayLines("tensor", manifest))
    }

    static func adversarialSet(
        source: Digest, data: Digest, manifest: [ManifestEntry]
    ) -> Digest {
        lines(
            ["retort-adversarial-1", "source \(source)", "data \(data)"]
                + arrayLines("tensor", manifest))
    }

    /// The digest ``LabelledImages`` gives the same images, so that data which was never stored
    /// and data which was can be told to be the same.
    static func dataset(images: Digest, labels: Digest) -> Digest {
        Digest(hashing: images.bytes + labels.bytes)
    }

    /// Over what an object's digest leaves out.
    static func record(
        kind: ObjectKind, digest: Digest, created: String, metadata: String,
        references: [Reference], state: [ManifestEntry]
    ) -> Digest {
        var content = [
            "retort-record-1", "kind \(kind.rawValue)", "digest \(digest)", "created \(created)",
            "metadata \(text(metadata))",
        ]
        for relation in Reference.Relation.allCases {
            content += references.digests(relation).map { "\(relation.rawValue) \($0)" }
        }
        return lines(content + arrayLines("state", state))
    }
}
