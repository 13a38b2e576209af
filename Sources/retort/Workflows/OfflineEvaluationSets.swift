// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Robustness
import Tensors

/// Where the clean rows of sets are said to come from.
final class CleanRowOrigin {
    private let store: Store
    private let named: LoadedRows?
    private var stored: [Digest: LabelledImages] = [:]

    /// - Parameter data: a data set to compare every set with; nil for those in the store whose
    ///   digest a set names.
    init(store: Store, data: String?) throws {
        self.store = store
        named = try data.map { try LoadedRows($0, part: .test) }
    }

    /// Audits a set, against its data where they are at hand.
    func audit(_ set: Robustness.AdversarialSet, data digest: Digest) throws -> SetAudit {
        let shape = Array(set.clean.shape.dimensions.dropFirst())
        if let named {
            guard shape == named.images.imageShape.dimensions else {
                throw Failure(
                    "\(named.specification): has images of shape \(named.images.imageShape), the set '\(set.name)' has shape \(set.clean.shape)"
                )
            }
            return try SetAudit(
                set, data: named.images, dataName: "'\(named.specification)'",
                firstRow: named.rowIDs.first ?? 0)
        }
        guard let entry = store.datasets.first(where: { $0.digest == digest }) else {
            return try SetAudit(set)
        }
        let images = try images(entry)
        guard shape == images.imageShape.dimensions else { return try SetAudit(set) }
        return try SetAudit(
            set, data: images, dataName: "'\(entry.name)'",
            firstRow: firstRow(of: set, in: images))
    }

    private func images(_ entry: StoreEntry) throws -> LabelledImages {
        if let known = stored[entry.digest] { return known }
        let images = try store.dataset(named: entry.name.description).images()
        stored[entry.digest] = images
        return images
    }

    /// A selection such as test[100:200] is stored as rows 0 to 99, while sets keep the numbers of
    /// the whole: a run of as many rows as the data has starts at its first.
    private func firstRow(of set: Robustness.AdversarialSet, in images: LabelledImages) -> Int {
        let rows = Set(set.rowIDs)
        guard let first = rows.min(), let last = rows.max(), rows.count == images.count,
            last - first + 1 == images.count
        else { return 0 }
        return first
    }
}

extension Checkpoints.AdversarialSet {
    /// The metadata with the references of the store rather than what the record claims.
    var boundMetadata: JSON {
        var metadata = metadata
        metadata["source_model"] = [
            "digest": sourceDigest == Reference.unnamedModel
                ? .null : .string(sourceDigest.hexadecimal)
        ]
        metadata["rows"] = ["indices": .array(rowIndex.map { .integer($0) })]
        return metadata
    }

    /// What is stored beside the images, to be held against them.
    var claims: SetClaims {
        let names = statusNames
        return SetClaims(
            statuses: status.map { names[Int($0)] },
            margins: (try? margin.floats())?.map(Double.init) ?? [],
            distances: (try? distance.floats())?.map(Double.init) ?? [],
            record: metadata, data: dataDigest)
    }

    /// `fog-3` for an imported set of one corruption; nil for others.
    var condition: String? {
        guard metadata["imported_from"]?["form"] == "corruption",
            let file = metadata["imported_from"]?["file"]?.stringValue
        else { return nil }
        let remarks = metadata["imported_from"]?["remarks"]?.arrayValue ?? []
        let severity = remarks.compactMap(\.stringValue).compactMap { remark in
            remark.firstRange(of: "severity ").flatMap { Int(remark[$0.upperBound...]) }
        }.first
        guard let severity else { return nil }
        // A folder of corruptions does not say which file was taken; the set's name usually does.
        let isFile = file.hasSuffix(".npy")
        let kind =
            isFile
            ? String(file.dropLast(4)) : String(name.prefix { $0 != "-" && $0 != "." })
        return "\(kind)-\(severity)"
    }
}

extension Robustness.AdversarialSet {
    /// A stored set, with the references of the store rather than what its metadata claims.
    init(stored set: Checkpoints.AdversarialSet) throws {
        try self.init(
            name: set.name, adversarial: set.adversarial(), clean: set.clean(), labels: set.labels,
            targets: set.targets, metadata: set.boundMetadata, claims: set.claims)
    }
}
