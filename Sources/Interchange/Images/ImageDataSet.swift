// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A data set as its makers divide it: images to train on and images to test on.
public struct ImageDataSet: Sendable {
    /// The two divisions.
    public enum Part: String, CaseIterable, Hashable, Sendable {
        case train, test
    }

    public let train: LabelledImages
    /// Nil for a single pair of files, which nobody has divided.
    public let test: LabelledImages?

    public init(train: LabelledImages, test: LabelledImages?) {
        self.train = train
        self.test = test
    }

    public var classCount: Int { train.classCount }
    public var classNames: [String] { train.classNames }
    /// (C, H, W).
    public var imageShape: Shape { train.imageShape }

    /// One division; an undivided set is both.
    public subscript(part: Part) -> LabelledImages {
        part == .test ? test ?? train : train
    }
}
