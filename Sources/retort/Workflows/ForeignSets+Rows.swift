// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Robustness
import Tensors
import Training

/// The rows of a data set that a foreign set was made from, found and held against it.
struct AlignedRows {
    let clean: Tensor
    let labels: [Int]
    let rowIndex: [Int]
    let dataDigest: Digest
    let dataName: String
    let classNames: [String]
    private(set) var remarks: [String] = []

    /// Pixels of 8-bit images may have been divided by 255 in another order of operations.
    private static let tolerance: Float = 1e-6

    /// - Throws: ``Failure`` naming the first row whose label or clean image is another one.
    init(of set: ForeignSet, with rows: LoadedRows?, file: String) throws {
        guard let rows else {
            guard let clean = set.clean, let labels = set.labels else {
                throw Failure(
                    "\(file): found no \(set.clean == nil ? "clean images" : "labels") in the file, "
                        + "expected --data to name the data set that it was made from")
            }
            self.clean = clean
            self.labels = labels
            rowIndex = set.rowIndex ?? Array(0..<set.count)
            classNames = []
            dataName = "clean images of \(file)"
            dataDigest =
                try Self.statedData(of: set)
                ?? LabelledImages(
                    images: clean, labels: labels, classCount: (labels.max() ?? 0) + 1
                ).digest()
            return
        }
        let positions = try Self.positions(of: set, in: rows, file: file)
        let images = rows.images
        let labels = positions.map { images.labels[$0] }
        if let found = set.labels, let row = found.indices.first(where: { found[$0] != labels[$0] })
        {
            throw Failure(
                "\(file): found label \(found[row]) in row \(row), expected \(labels[row]), which "
                    + "row \(rows.rowIDs[positions[row]]) of '\(rows.specification)' has")
        }
        let data = try Self.pixels(of: images, at: positions)
        if let clean = set.clean {
            let (row, largest) = Self.firstDifference(clean, data)
            if let row {
                throw Failure(
                    "\(file): found another clean image in row \(row) than row "
                        + "\(rows.rowIDs[positions[row]]) of '\(rows.specification)' has, expected "
                        + "the same rows in the same order")
            }
            if largest > 0 {
                remarks.append("clean images differ from the data by up to \(largest), a rounding")
            }
        }
        if set.labels == nil, set.clean == nil {
            remarks.append(
                "the file has neither labels nor clean images: row \(positions.first ?? 0) of the "
                    + "data is taken for its first row, and so on")
        }
        clean = set.clean ?? data
        self.labels = labels
        rowIndex = positions.map { rows.rowIDs[$0] }
        dataDigest = images.digest()
        dataName = rows.specification.description
        classNames = images.classNames
    }

    /// For each row of the set its place among the loaded rows.
    private static func positions(
        of set: ForeignSet, in rows: LoadedRows, file: String
    ) throws -> [Int] {
        if let stated = set.rowIndex {
            let places = Dictionary(zip(rows.rowIDs, rows.rowIDs.indices)) { first, _ in first }
            return try stated.map { row in
                guard let place = places[row] else {
                    throw Failure(
                        "\(file): was made from row \(row), which '\(rows.specification)' does not "
                            + "have")
                }
                return place
            }
        }
        guard set.count <= rows.images.count else {
            throw Failure(
                "\(file): found \(set.count) rows, expected at most the \(rows.images.count) of "
                    + "'\(rows.specification)'")
        }
        return Array(0..<set.count)
    }

    private static func statedData(of set: ForeignSet) throws -> Digest? {
        try set.metadata[ForeignRecord.key]?["data_digest"]?.stringValue
            .map { try Digest(hexadecimal: $0) }
    }

    private static func pixels(of images: LabelledImages, at positions: [Int]) throws -> Tensor {
        let size = images.pixelCount
        return try Tensor(
            .f32, shape: try Shape([positions.count] + images.imageShape.dimensions)
        ) { buffer in
            guard let base = buffer.bindMemory(to: Float.self).baseAddress else { return }
            for (row, place) in positions.enumerated() {
                images.copyPixels(ofRow: place, to: base + row * size)
            }
        }
    }

    /// The first row that differs by more than rounding, and the largest difference before it.
    private static func firstDifference(_ left: Tensor, _ right: Tensor) -> (Int?, Float) {
        let count = left.shape.elementCount
        let size = max(count / max(left.shape[0], 1), 1)
        var largest: Float = 0
        let index = left.withUnsafeBytes { a in
            right.withUnsafeBytes { b in
                (0..<count).first { index in
                    let difference = abs(
                        a.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
                            - b.loadUnaligned(fromByteOffset: 4 * index, as: Float.self))
                    guard difference <= tolerance else { return true }
                    largest = max(largest, difference)
                    return false
                }
            }
        }
        return (index.map { $0 / size }, largest)
    }
}

/// What there is to say of each row: how far it is, and how the model it was made against takes
/// it.
struct JudgedRows {
    let status: [UInt8]
    let statusNames: [String]
    let margin: Tensor
    let distance: Tensor
    let distances: [Double]

    /// After those of Retort's own attacks.
    private static let unknown = "unknown"

    /// - Parameter classifier: the model the set was made against; nil where it cannot be run, and
    ///   then the status is `unknown` and the margin NaN, unless the file says them.
    init(
        _ set: ForeignSet, aligned: AlignedRows, norm: Norm, classifier: Classifier?
    ) throws {
        let count = set.count
        distances = try Self.distances(set.adversarial, from: aligned.clean, norm: norm)
        distance = set.distance ?? Tensor(trusted: .f64, shape: [count], values: distances)
        let own = set.metadata["status_names"]?.arrayValue?.compactMap(\.stringValue)
        if let status = set.status, let own, status.allSatisfy({ Int($0) < own.count }) {
            self.status = status
            statusNames = own
            margin = set.margin ?? Tensor([Float](repeating: .nan, count: count), shape: [count])
            return
        }
        statusNames = AdversarialResult.Status.allCases.map(\.name) + [Self.unknown]
        guard let classifier else {
            status = [UInt8](repeating: UInt8(statusNames.count - 1), count: count)
            margin = Tensor([Float](repeating: .nan, count: count), shape: [count])
            return
        }
        let clean = try classifier.margins(of: aligned.clean, labels: aligned.labels)
        let adversarial = try classifier.margins(of: set.adversarial, labels: aligned.labels)
        margin = Tensor(adversarial, shape: [count])
        status = zip(clean, adversarial).map { clean, adversarial in
            let status: AdversarialResult.Status =
                clean <= 0 ? .alreadyMisclassified : adversarial > 0 ? .failed : .success
            return status.rawValue
        }
    }

    var statusCounts: JSON {
        var counts = statusNames.map { _ in 0 }
        for index in status { counts[Int(index)] += 1 }
        return .object(
            Dictionary(zip(statusNames, counts.map { JSON.integer($0) })) { first, _ in first })
    }

    static func distances(_ left: Tensor, from right: Tensor, norm: Norm) throws -> [Double] {
        let (a, b) = (try left.floats(), try right.floats())
        let count = left.shape[0]
        let size = a.count / max(count, 1)
        return a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                guard let a = a.baseAddress, let b = b.baseAddress else { return [] }
                return (0..<count).map {
                    ThreatModel.distance(norm, a + $0 * size, b + $0 * size, count: size)
                }
            }
        }
    }
}

extension Classifier {
    /// For each image the label's logit minus the largest other: above zero where it is right.
    fileprivate func margins(of images: Tensor, labels: [Int]) throws -> [Float] {
        guard Array(images.shape.dimensions.dropFirst()) == imageShape.dimensions else {
            throw Failure(
                "the model takes images of shape \(imageShape), the set has shape \(images.shape)")
        }
        if let label = labels.first(where: { $0 >= classCount }) {
            throw Failure("the set has the label \(label), the model only \(classCount) classes")
        }
        let pixels = try images.floats()
        let size = imageShape.elementCount
        var margins: [Float] = []
        var logits = [Float](repeating: 0, count: batchSize * classCount)
        for first in stride(from: 0, to: labels.count, by: batchSize) {
            let count = min(batchSize, labels.count - first)
            try pixels.withUnsafeBufferPointer { pixels in
                try logits.withUnsafeMutableBufferPointer { logits in
                    try self.logits(
                        of: UnsafeBufferPointer(
                            rebasing: pixels[(first * size)..<((first + count) * size)]),
                        count: count, into: logits)
                }
            }
            for row in 0..<count {
                let own = logits[(row * classCount)..<((row + 1) * classCount)]
                let label = labels[first + row]
                let rival =
                    own.indices.filter { $0 - own.startIndex != label }
                    .map { own[$0] }.max() ?? -.infinity
                margins.append(own[own.startIndex + label] - rival)
            }
        }
        return margins
    }
}
