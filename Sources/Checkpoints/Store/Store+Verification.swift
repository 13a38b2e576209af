// SPDX-License-Identifier: Apache-2.0

internal import HDF5
internal import Tensors

extension Store {
    /// Looks for damage: every object's structure, and whether its digests agree with its
    /// manifest and texts.
    ///
    /// - Parameter full: also reads every array and computes its digest again, one at a time.
    /// - Returns: what is wrong, each with the object it concerns; empty when all is sound.
    public func verify(full: Bool) -> [StoreProblem] {
        let contradictions = file.contradictions.map {
            StoreProblem(object: $0.object.isEmpty ? "/" : $0.object, problem: $0.reason)
        }
        return contradictions + objectProblems(full: full)
    }

    /// Looks for damage in a store that damage to an object's structure keeps from being opened.
    ///
    /// - Returns: what is wrong with its objects; nil where the file is no store, or its root or
    ///   superblock is lost.
    public static func problems(inDamaged path: String, full: Bool) -> [StoreProblem]? {
        guard let file = try? HDF5File(path: path, tolerance: .damage),
            let store = try? open(file, path: path, isDamaged: true)
        else { return nil }
        return store.objectProblems(full: full)
    }

    private func objectProblems(full: Bool) -> [StoreProblem] {
        var problems = unlisted
        var seenObjects: Set<Int> = []
        var seenArrays: [Int: Digest] = [:]
        for entry in entries where seenObjects.insert(entry.identity).inserted {
            do throws(StoreError) {
                problems += try object(entry).problems(full: full, seen: &seenArrays)
            } catch {
                problems.append(
                    StoreProblem(object: error.object ?? entry.path, problem: error.problem))
            }
        }
        return problems
    }
}

extension StoredObject {
    /// What is wrong with the object.
    ///
    /// - Parameters:
    ///   - full: also computes the digest of every array again.
    ///   - seen: digests computed so far, because arrays may be shared.
    /// - Throws: ``StoreError`` when its structure contradicts the format.
    func problems(
        full: Bool, seen: inout [Int: Digest]
    ) throws(StoreError) -> [StoreProblem] {
        try checkKind()
        var problems = try digestProblems()
        guard full else { return problems }
        for arrays in [arrays, state].compactMap({ $0 }) {
            problems += Self.rotten(arrays, seen: &seen)
        }
        return problems
    }

    /// Arrays whose bytes are no longer what the manifest says.
    ///
    /// - Parameter seen: digests computed so far, because arrays may be shared.
    private static func rotten(
        _ arrays: StoredArrays, seen: inout [Int: Digest]
    ) -> [StoreProblem] {
        arrays.manifest.compactMap { entry in
            let path = arrays.path(of: entry.name)
            do throws(StoreError) {
                let identity = arrays.identity(of: entry.name)
                var found = identity.flatMap { seen[$0] }
                if found == nil {
                    let tensor = try arrays.tensor(entry.name)
                    found = tensor.digest()
                    // A store may be larger than memory.
                    tensor.releasePages()
                }
                guard let found else { return nil }
                if let identity { seen[identity] = found }
                guard found != entry.digest else { return nil }
                return StoreProblem(
                    object: path,
                    problem: "its bytes have changed: found the digest \(found.short), "
                        + "expected \(entry.digest.short)")
            } catch {
                return StoreProblem(object: error.object ?? path, problem: error.problem)
            }
        }
    }

    /// Checks what the object's kind asks of its arrays and attributes.
    func checkKind() throws(StoreError) {
        switch entry.kind {
        case .checkpoint: _ = try Checkpoint(self)
        case .softLabels: _ = try SoftLabels(self)
        case .adversarialSet: _ = try AdversarialSet(self)
        case .dataset: _ = try StoredDataset(self)
        }
    }

    /// The object's own digests, held against manifest, texts and references.
    func digestProblems() throws(StoreError) -> [StoreProblem] {
        var problems: [StoreProblem] = []
        let draft = try draft()
        do throws(ContentProblem) {
            let digest = try draft.digest(manifest: arrays.manifest)
            if digest != entry.digest {
                problems.append(
                    StoreProblem(
                        object: entry.path,
                        problem: "manifest and content have the digest \(digest.short), expected "
                            + "\(entry.digest.short)"))
            }
        } catch {
            problems.append(StoreProblem(object: entry.path, problem: error.description))
        }
        let record = ContentDigest.record(
            kind: entry.kind, digest: entry.digest, created: entry.created,
            metadata: metadataText, references: entry.references, state: state?.manifest ?? [])
        if record != recordDigest {
            problems.append(
                StoreProblem(
                    object: entry.path,
                    problem: "metadata, time, references or optimizer state have changed: found "
                        + "the record digest \(record.short), expected \(recordDigest.short)"))
        }
        return problems
    }

    /// The object as it would be stored elsewhere: same bytes, same digests.
    func draft() throws(StoreError) -> ObjectDraft {
        var draft = ObjectDraft(kind: entry.kind, metadata: metadata)
        draft.metadataText = metadataText
        draft.architecture = architectureText
        draft.references = entry.references
        draft.augmentationSeed = augmentationSeed
        draft.created = entry.created
        draft.arrays = try drafts(of: arrays)
        if let state { draft.state = try drafts(of: state) }
        return draft
    }

    private func drafts(of arrays: StoredArrays) throws(StoreError) -> [ArrayDraft] {
        var drafts: [ArrayDraft] = []
        for array in arrays.manifest {
            drafts.append(
                ArrayDraft(
                    array.name, array.elementType, array.shape,
                    axes: try arrays.attribute(StoreFormat.Attribute.axes, of: array.name),
                    role: try arrays.attribute(StoreFormat.Attribute.role, of: array.name),
                    isTable: arrays.isTable(array.name),
                    isShareable: entry.kind.sharedArray == array.name,
                    expectedDigest: array.digest
                ) { () throws(StoreError) in try arrays.tensor(array.name) })
        }
        return drafts
    }
}
