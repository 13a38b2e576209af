// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Random changes to training images. What happens to a row is a pure function of
/// (seed, epoch, row): not of the batch it is in, the thread that made it or a resumed run.
public struct Augmentation: Hashable, Sendable {
    /// Pad with this many black pixels on each side, then cut the image's size out at a random
    /// place. Whole pixels.
    public var cropPadding: Int
    /// Mirror left and right, every second time.
    public var horizontalFlip: Bool
    /// Move by up to this many pixels in each direction, fractions included (bilinear, black
    /// outside).
    public var shift: Double
    /// Add Gaussian noise of this standard deviation, in units of the [0, 1] range, and clip to it.
    public var noise: Double

    public init(
        cropPadding: Int = 0, horizontalFlip: Bool = false, shift: Double = 0, noise: Double = 0
    ) {
        self.cropPadding = cropPadding
        self.horizontalFlip = horizontalFlip
        self.shift = shift
        self.noise = noise
    }

    public static let none = Augmentation()

    public var isNone: Bool { self == .none }

    /// - Throws: ``TrainingError`` naming the first setting out of range.
    public func validate() throws(TrainingError) {
        guard (0...64).contains(cropPadding) else {
            throw TrainingError("crop_padding is \(cropPadding), expected 0 to 64 pixels")
        }
        guard (0...64).contains(shift) else {
            throw TrainingError("shift is \(shift), expected 0 to 64 pixels")
        }
        guard noise >= 0, noise.isFinite else {
            throw TrainingError("noise is \(noise), expected a standard deviation of 0 or more")
        }
    }
}

extension Augmentation {
    public var json: JSON {
        [
            "crop_padding": .integer(cropPadding), "horizontal_flip": .bool(horizontalFlip),
            "shift": .number(shift), "noise": .number(noise),
        ]
    }

    /// - Throws: ``TrainingError`` for an unknown key or a value out of range.
    public init(json: JSON) throws(TrainingError) {
        var settings = try SettingsReader(json, of: "augmentation")
        cropPadding = try settings.integer("crop_padding", default: 0)
        horizontalFlip = try settings.bool("horizontal_flip", default: false)
        shift = try settings.number("shift", default: 0)
        noise = try settings.number("noise", default: 0)
        try settings.finish()
        try validate()
    }
}
