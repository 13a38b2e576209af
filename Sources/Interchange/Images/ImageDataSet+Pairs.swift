// SPDX-License-Identifier: Apache-2.0

import Tensors

extension ImageDataSet {
    /// Reads one pair of files (images, labels), undivided, or two pairs (train, then test).
    ///
    /// There are as many classes as the largest label of all says.
    init(
        pairs paths: [String],
        reader: @Sendable (String) throws(InterchangeError) -> Tensor
    ) throws(InterchangeError) {
        precondition(paths.count == 2 || paths.count == 4)
        let arrays = try concurrentResults(paths.count) { index throws(InterchangeError) in
            try reader(paths[index])
        }
        var pairs: [ImageArrays] = []
        for start in stride(from: 0, to: paths.count, by: 2) {
            pairs.append(
                try ImageArrays(
                    pixels: arrays[start], from: paths[start],
                    classes: arrays[start + 1], from: paths[start + 1]))
        }
        let classCount = pairs.map(\.classCount).max() ?? 0
        let train = try pairs[0].labelled(classCount: classCount)
        let test = pairs.count == 2 ? try pairs[1].labelled(classCount: classCount) : nil
        if let test, test.imageShape != train.imageShape {
            throw InterchangeError(
                .mismatch, paths[2], found: "images of shape \(test.imageShape)",
                expected: "\(train.imageShape), as in \(paths[0])")
        }
        self.init(train: train, test: test)
    }
}
