// SPDX-License-Identifier: Apache-2.0

extension Store {
    /// The checkpoint of that name, its tensors as views of the mapped file.
    ///
    /// - Throws: ``StoreError`` when there is none, or its manifest disagrees with its tensors.
    public func checkpoint(named name: String) throws(StoreError) -> Checkpoint {
        try Checkpoint(object(.checkpoint, named: name))
    }

    /// The soft labels of that name.
    ///
    /// - Throws: ``StoreError`` when there are none, or they contradict the format.
    public func softLabels(named name: String) throws(StoreError) -> SoftLabels {
        try SoftLabels(object(.softLabels, named: name))
    }

    /// The adversarial set of that name.
    ///
    /// - Throws: ``StoreError`` when there is none, or it contradicts the format.
    public func adversarialSet(named name: String) throws(StoreError) -> AdversarialSet {
        try AdversarialSet(object(.adversarialSet, named: name))
    }

    /// The dataset of that name.
    ///
    /// - Throws: ``StoreError`` when there is none, or it contradicts the format.
    public func dataset(named name: String) throws(StoreError) -> StoredDataset {
        try StoredDataset(object(.dataset, named: name))
    }
}
