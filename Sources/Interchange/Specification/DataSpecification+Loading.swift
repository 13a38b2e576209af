// SPDX-License-Identifier: Apache-2.0

public import Tensors

extension DataSpecification {
    /// Loads the images to train on and to test on; a suffix narrows the part it names.
    ///
    /// - Throws: ``InterchangeError`` naming the file that is missing or wrong; for a `store:`
    ///   source, which the caller resolves.
    public func load() throws(InterchangeError) -> ImageDataSet {
        let whole = try load(ImageDataSet.Part.allCases)
        guard let selection else { return whole }
        let chosen = try select(from: whole)
        // An undivided set stays undivided: its rows are chosen whatever the part is called.
        if whole.test == nil { return ImageDataSet(train: chosen, test: nil) }
        return selection.part == .train
            ? ImageDataSet(train: chosen, test: whole.test)
            : ImageDataSet(train: whole.train, test: chosen)
    }

    /// Loads the rows that the suffix picks, or all of `part` when there is none.
    ///
    /// Only the files of that part are read.
    public func loadRows(
        defaultingTo part: ImageDataSet.Part = .test
    ) throws(InterchangeError) -> LabelledImages {
        try select(from: try load([selection?.part ?? part]), defaultingTo: part)
    }

    /// Picks the rows of this specification from a loaded data set.
    ///
    /// - Throws: ``InterchangeError`` when the set has fewer rows.
    public func select(
        from set: ImageDataSet, defaultingTo part: ImageDataSet.Part = .test
    ) throws(InterchangeError) -> LabelledImages {
        let images = set[selection?.part ?? part]
        let lower = selection?.lowerBound ?? 0
        let upper = selection?.upperBound ?? images.count
        guard lower < upper, upper <= images.count else {
            throw InterchangeError(
                .mismatch, "data specification '\(self)'", found: "\(images.count) rows",
                expected: "at least \(max(upper, lower + 1))")
        }
        do throws(TensorError) {
            return try images.rows(lower..<upper)
        } catch {
            throw InterchangeError(.mismatch, "data specification '\(self)'", error)
        }
    }

    private func load(_ parts: [ImageDataSet.Part]) throws(InterchangeError) -> ImageDataSet {
        let sets: [LabelledImages]
        switch source {
        case .digits: sets = parts.map { DigitSet.standard.images(of: $0) }
        case .fashionMNIST: sets = try MNISTFolder.fashion().images(of: parts)
        case .mnist(let directory):
            let folder = MNISTFolder(path: directory, classNames: MNISTFolder.digitNames)
            sets = try folder.images(of: parts)
        case .cifar10(let directory): sets = try CIFAR10Folder(path: directory).images(of: parts)
        case .idx(let paths): return try ImageDataSet(pairs: paths, reader: IDX.read)
        case .npy(let paths): return try ImageDataSet(pairs: paths, reader: NPY.read)
        case .store:
            throw InterchangeError(
                .specification, "data specification '\(self)'",
                "a data set in a store is read through the store")
        }
        // Asked for one part, the other is not needed and stands for it.
        return ImageDataSet(train: sets[0], test: sets.last)
    }
}
