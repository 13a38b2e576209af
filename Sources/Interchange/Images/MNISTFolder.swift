// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The four IDX files of MNIST and its likenesses (Fashion-MNIST, KMNIST), plain or gzipped.
struct MNISTFolder {
    let path: String
    let classNames: [String]

    static let digitNames = (0..<10).map(String.init)
    /// Fashion-MNIST's classes (Xiao, Rasul and Vollgraf 2017, table 2).
    static let fashionNames = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
        "Ankle boot",
    ]
    /// Where Debian's package dataset-fashion-mnist puts the files.
    static let debianFashionPath = "/usr/share/datasets/fashion-mnist"

    /// Fashion-MNIST as Debian installs it.
    ///
    /// - Throws: ``InterchangeError`` saying how to install it when it is missing.
    static func fashion(
        at path: String = debianFashionPath
    ) throws(InterchangeError) -> MNISTFolder {
        guard InputFile.exists(path) else {
            throw InterchangeError(
                .unreadable, path,
                "Fashion-MNIST is not installed; run 'apt-get install dataset-fashion-mnist'"
                    + " or use mnist:DIR with its four files")
        }
        return MNISTFolder(path: path, classNames: fashionNames)
    }

    /// Reads the files of `parts` at the same time.
    func images(
        of parts: [ImageDataSet.Part]
    ) throws(InterchangeError) -> [LabelledImages] {
        let paths = try files(of: parts)
        let arrays = try concurrentResults(paths.count) { index throws(InterchangeError) in
            try IDX.read(paths[index])
        }
        var sets: [LabelledImages] = []
        for start in stride(from: 0, to: paths.count, by: 2) {
            let pair = try ImageArrays(
                pixels: arrays[start], from: paths[start],
                classes: arrays[start + 1], from: paths[start + 1])
            sets.append(
                try pair.labelled(classCount: classNames.count, classNames: classNames))
        }
        return sets
    }

    /// Images, labels of each part; both spellings of the names are found in the wild.
    private func files(of parts: [ImageDataSet.Part]) throws(InterchangeError) -> [String] {
        var paths: [String] = []
        for part in parts {
            let prefix = part == .train ? "train" : "t10k"
            for kind in ["images-idx3", "labels-idx1"] {
                let name = "\(prefix)-\(kind)-ubyte"
                let dotted = name.replacing("-idx", with: ".idx")
                paths.append(
                    try InputFile.find(
                        [name + ".gz", name, dotted + ".gz", dotted], in: path))
            }
        }
        return paths
    }
}
