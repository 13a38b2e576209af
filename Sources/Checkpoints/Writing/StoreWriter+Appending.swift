// SPDX-License-Identifier: Apache-2.0

public import Tensors

extension StoreWriter {
    /// Adds a checkpoint to the transaction.
    ///
    /// - Returns: its digest: of manifest and architecture, so equal weights have equal digests.
    /// - Throws: ``StoreError`` when the name is taken or not allowed, or the content does not fit
    ///   together; nothing has been added then.
    @discardableResult
    public func append(
        checkpoint content: CheckpointContent, named name: String
    ) throws(StoreError) -> Digest {
        try stage(named: name, kind: .checkpoint) { () throws(ContentProblem) in
            try content.draft()
        }
    }

    /// Adds a checkpoint to the transaction, with one of its tensors in memory at a time.
    ///
    /// - Returns: its digest.
    /// - Throws: as for a checkpoint at hand, and what fetching a tensor throws; nothing has been
    ///   added then.
    @discardableResult
    public func append(
        checkpoint content: StreamedCheckpoint, named name: String
    ) throws(StoreError) -> Digest {
        try stage(named: name, kind: .checkpoint) { () throws(ContentProblem) in
            try content.draft()
        }
    }

    /// Adds soft labels to the transaction. Logits are centred and converted first.
    ///
    /// - Returns: their digest: of the arrays, the seed, the teacher's digest and the data's.
    @discardableResult
    public func append(
        softLabels content: SoftLabelsContent, named name: String
    ) throws(StoreError) -> Digest {
        try stage(named: name, kind: .softLabels) { () throws(ContentProblem) in
            try content.draft()
        }
    }

    /// Adds an adversarial set to the transaction. Clean inputs that the store has already are
    /// linked, not stored again.
    ///
    /// - Returns: its digest: of the arrays, the source checkpoint's digest and the data's.
    @discardableResult
    public func append(
        adversarialSet content: AdversarialSetContent, named name: String
    ) throws(StoreError) -> Digest {
        try stage(named: name, kind: .adversarialSet) { () throws(ContentProblem) in
            try content.draft()
        }
    }

    /// Adds a dataset to the transaction.
    ///
    /// - Returns: its digest: ``LabelledImages/digest()`` of the images.
    @discardableResult
    public func append(
        dataset content: DatasetContent, named name: String
    ) throws(StoreError) -> Digest {
        try stage(named: name, kind: .dataset) { () throws(ContentProblem) in
            try content.draft()
        }
    }

    /// Names are checked before the content is prepared, because preparing may take long.
    private func stage(
        named name: String, kind: ObjectKind, _ makeDraft: () throws(ContentProblem) -> ObjectDraft
    ) throws(StoreError) -> Digest {
        let name = try freeName(name, kind: kind)
        let draft: ObjectDraft
        do throws(ContentProblem) {
            draft = try makeDraft()
            try draft.check()
        } catch {
            throw StoreError(
                .invalidContent, file: path, object: kind.path(of: name.description),
                error.description)
        }
        return try stage(draft, as: name)
    }
}
