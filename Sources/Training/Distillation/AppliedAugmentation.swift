// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Which changed rows a teacher looked at: enough to make the very same rows again.
public struct AppliedAugmentation: Hashable, Sendable {
    public let augmentation: Augmentation
    public let seed: UInt64
    public let epoch: Int

    public init(_ augmentation: Augmentation, seed: UInt64, epoch: Int) {
        self.augmentation = augmentation
        self.seed = seed
        self.epoch = epoch
    }

    public var json: JSON {
        [
            "augmentation": augmentation.json, "seed": .integer(Int(truncatingIfNeeded: seed)),
            "epoch": .integer(epoch),
        ]
    }

    /// - Throws: ``TrainingError`` for a missing or unknown key or a value out of range.
    public init(json: JSON) throws(TrainingError) {
        var settings = try SettingsReader(json, of: "augmentation of the soft labels")
        augmentation = try Augmentation(json: settings.value("augmentation") ?? [:])
        seed = UInt64(bitPattern: Int64(try settings.integer("seed")))
        epoch = try settings.integer("epoch")
        try settings.finish()
    }
}
