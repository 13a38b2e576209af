// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The six files of CIFAR-10's binary version (Krizhevsky 2009), plain or gzipped.
struct CIFAR10Folder {
    let path: String

    static let classNames = [
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ]
    /// The published archive unpacks to a folder of this name.
    private static let archiveFolder = "cifar-10-batches-bin"

    func images(of parts: [ImageDataSet.Part]) throws(InterchangeError) -> [LabelledImages] {
        var sets: [LabelledImages] = []
        for part in parts { sets.append(try images(of: part)) }
        return sets
    }

    private func images(of part: ImageDataSet.Part) throws(InterchangeError) -> LabelledImages {
        let names = part == .test ? ["test_batch"] : (1...5).map { "data_batch_\($0)" }
        let nested = path + (path.hasSuffix("/") ? "" : "/") + Self.archiveFolder
        let folder = InputFile.exists(nested) ? nested : path
        var paths: [String] = []
        for name in names {
            paths.append(try InputFile.find([name + ".bin", name + ".bin.gz"], in: folder))
        }
        var batches: [CIFAR10Batch] = []
        for path in paths {
            batches.append(try CIFAR10Batch(try InputFile.map(path), path: path))
        }
        return try Self.images(of: batches, folder: folder)
    }

    /// Decompresses all batches at the same time, each to its own place among the pixels.
    static func images(
        of batches: [CIFAR10Batch], folder: String
    ) throws(InterchangeError) -> LabelledImages {
        let starts = batches.reduce(into: [0]) { $0.append($0.last! + $1.count) }
        let count = starts.last!
        var outcome: Result<[[Int]], InterchangeError> = .success([])
        let region = ByteRegion(count: count * CIFAR10Batch.pixelCount) { buffer in
            nonisolated(unsafe) let pixels = buffer
            outcome = Result { () throws(InterchangeError) in
                try concurrentResults(batches.count) { index throws(InterchangeError) in
                    let rows = starts[index]..<starts[index + 1]
                    let size = CIFAR10Batch.pixelCount
                    return try batches[index].split(
                        pixels: UnsafeMutableRawBufferPointer(
                            rebasing: pixels[(rows.lowerBound * size)..<(rows.upperBound * size)]))
                }
            }
        }
        let labels = try outcome.get().flatMap { $0 }
        do throws(TensorError) {
            return try LabelledImages(
                images: try Tensor(.u8, shape: [count, 3, 32, 32], viewing: region),
                labels: labels, classCount: 10, classNames: Self.classNames)
        } catch {
            throw InterchangeError(.malformed, folder, error)
        }
    }
}

/// One file of CIFAR-10's binary version: a row of records of one label byte and 3072 pixel
/// bytes, the red, green and blue planes of 32 x 32 pixels each.
struct CIFAR10Batch: Sendable {
    static let pixelCount = 3 * 32 * 32
    private static let recordByteCount = 1 + pixelCount

    /// Images in the file.
    let count: Int
    private let path: String
    private let file: ByteRegion
    private let member: GzipMember?

    init(_ file: ByteRegion, path: String) throws(InterchangeError) {
        self.file = file
        self.path = path
        member = GzipMember.isGzip(file) ? try GzipMember(file, path: path) : nil
        let byteCount = member?.declaredByteCount ?? file.count
        try member?.checkPlausible(count: byteCount)
        guard byteCount > 0, byteCount % Self.recordByteCount == 0 else {
            throw InterchangeError(
                .malformed, path, found: "\(byteCount) bytes",
                expected: "a multiple of \(Self.recordByteCount), the size of a CIFAR-10 record")
        }
        count = byteCount / Self.recordByteCount
    }

    /// Writes the pixels, (count, 3, 32, 32) bytes, and returns the labels.
    func split(pixels: UnsafeMutableRawBufferPointer) throws(InterchangeError) -> [Int] {
        let records = try member?.inflated(count: count * Self.recordByteCount) ?? file
        let labels = (0..<count).map { Int(records.bytes[$0 * Self.recordByteCount]) }
        if let row = labels.firstIndex(where: { $0 > 9 }) {
            throw InterchangeError(
                .malformed, path, found: "label \(labels[row]) in record \(row)",
                expected: "0 to 9")
        }
        for row in 0..<count {
            let start = row * Self.recordByteCount + 1
            UnsafeMutableRawBufferPointer(
                rebasing: pixels[(row * Self.pixelCount)..<((row + 1) * Self.pixelCount)]
            ).copyMemory(
                from: UnsafeRawBufferPointer(
                    rebasing: records.bytes[start..<(start + Self.pixelCount)]))
        }
        return labels
    }
}
