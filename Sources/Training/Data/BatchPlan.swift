// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// One pass over some rows of a training set: which row goes into which batch, and how it is
/// changed on the way.
public struct BatchPlan: Sendable {
    public let images: LabelledImages
    public let teacher: TeacherTargets?
    /// Row numbers in the order they are fed.
    public let order: [Int]
    public let batchSize: Int
    public let augmentation: Augmentation
    public let seed: UInt64
    /// The epoch that keys the augmentation.
    public let epoch: Int

    /// - Parameters:
    ///   - shuffled: whether the rows are permuted, by seed and epoch.
    ///   - augmentationEpoch: the epoch that keys the augmentation, when it is not `epoch`.
    public init(
        images: LabelledImages, teacher: TeacherTargets? = nil, rows: [Int], batchSize: Int,
        seed: UInt64, epoch: Int, shuffled: Bool, augmentation: Augmentation = .none,
        augmentationEpoch: Int? = nil
    ) {
        precondition(batchSize > 0)
        self.images = images
        self.teacher = teacher
        self.batchSize = batchSize
        self.augmentation = augmentation
        self.seed = seed
        self.epoch = augmentationEpoch ?? epoch
        if shuffled {
            var random = RandomStream(seed: seed, purpose: .shuffle, row: UInt64(epoch))
            order = random.permutation(of: rows.count).map { rows[$0] }
        } else {
            order = rows
        }
    }

    /// Batches, the last of them smaller when the rows do not divide: it is fed, not dropped.
    public var batchCount: Int { (order.count + batchSize - 1) / batchSize }

    /// Positions of `order` that batch `index` holds.
    public func positions(ofBatch index: Int) -> Range<Int> {
        (index * batchSize)..<Swift.min((index + 1) * batchSize, order.count)
    }
}
