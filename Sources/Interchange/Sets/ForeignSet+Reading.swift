// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Tensors

extension ForeignSet {
    /// Reads a set that another tool saved.
    ///
    /// Recognised by the names of the arrays: torchattacks (`adv_inputs`), AutoAttack
    /// (`adv_complete`), Retort (`adversarial`), a file of one array (Madry, NPY), and a folder or
    /// file of CIFAR-10-C together with a severity.
    /// - Parameter imageShape: (C, H, W) of the data that the set was made from; nil when there is
    ///   none to go by.
    /// - Throws: ``InterchangeError`` naming the array and the row that cannot be what it should.
    public static func read(
        _ path: String, imageShape: Shape?, selection: Selection = Selection()
    ) throws(InterchangeError) -> ForeignSet {
        if isFolder(path) || selection.severity != nil {
            return try CorruptionFolder(path, selection).read(imageShape: imageShape)
        }
        let arrays = try ForeignArrays(path)
        let entry = try arrays.pick(
            selection.array, known: ["adversarial", "adv_inputs", "adv_complete"],
            what: "the examples")
        var pixels = ForeignPixels(path: path, imageShape: imageShape)
        let examples = try pixels.images(try entry.tensor(), entry.name)
        let count = examples.shape[0]
        var set = ForeignSet(form: form(of: entry, in: arrays), adversarial: examples)
        if let clean = arrays.find(["clean", "clean_inputs"]), clean.name != entry.name {
            set.clean = try pixels.images(try clean.tensor(), clean.name)
            guard set.clean?.shape == examples.shape else {
                throw InterchangeError(
                    .mismatch, path, found: "clean images of shape \(clean.shape)",
                    expected: "one for each example, \(entry.shape)")
            }
        }
        set.labels = try arrays.integers(["label", "labels"], count: count)
        set.targets = try arrays.integers(["target", "targets"], count: count)
        if set.form == .npz {
            set.status = try arrays.integers(["status"], count: count).map {
                $0.map { UInt8(clamping: $0) }
            }
            set.margin = try arrays.numbers("margin", count: count)
            set.distance = try arrays.numbers("distance", count: count)
            set.rowIndex = try arrays.integers(["row_index"], count: count)
        }
        set.metadata = arrays.file.metadata
        set.remarks = pixels.remarks + arrays.file.remarks
        if arrays.file.metadata["save_type"] == "int" {
            set.remarks.append(
                "saved as 8-bit integers, which torchattacks truncates: distances may exceed the "
                    + "epsilon of the attack")
        }
        return set
    }

    private static func form(of entry: WeightEntry, in arrays: ForeignArrays) -> Form? {
        let name = entry.name.split(separator: ".").last.map(String.init) ?? entry.name
        switch name {
        case "adv_inputs": return .torchattacks
        case "adv_complete": return .autoattack
        case "adversarial": return arrays.find(["clean"]) == nil ? nil : .npz
        default:
            guard arrays.file.format == .npy else { return nil }
            return entry.shape.rank == 2 || entry.shape.dimensions.last == 3 ? .madry : .npy
        }
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}

/// A folder of CIFAR-10-C (Hendrycks and Dietterich, 2019): `<corruption>.npy` U8 (5 * N, H, W, C),
/// the severities 1 to 5 one after the other, and `labels.npy` of as many rows.
struct CorruptionFolder {
    private let images: String
    private let labels: String
    private let severity: Int

    static let severities = 5

    init(_ path: String, _ selection: ForeignSet.Selection) throws(InterchangeError) {
        guard let severity = selection.severity, (1...Self.severities).contains(severity) else {
            throw InterchangeError(
                .mismatch, path,
                found: selection.severity.map { "severity \($0)" } ?? "no severity",
                expected: "--severity 1 to \(Self.severities) for a corruption of CIFAR-10-C")
        }
        self.severity = severity
        if path.hasSuffix(".npy") {
            images = path
            labels = (path.lastIndex(of: "/").map { path[...$0] } ?? "") + "labels.npy"
            return
        }
        guard let corruption = selection.array else {
            throw InterchangeError(
                .mismatch, path, "it is a folder; name the corruption with --array, as in fog")
        }
        let folder = path.hasSuffix("/") ? path : path + "/"
        images = folder + corruption + (corruption.hasSuffix(".npy") ? "" : ".npy")
        labels = folder + "labels.npy"
    }

    func read(imageShape: Shape?) throws(InterchangeError) -> ForeignSet {
        let all = try NPY.read(images)
        let classes = try NPY.read(labels)
        guard let rows = all.shape.dimensions.first, rows > 0, rows % Self.severities == 0 else {
            throw InterchangeError(
                .mismatch, images, found: "shape \(all.shape)",
                expected: "\(Self.severities) severities of equally many images")
        }
        let count = rows / Self.severities
        let range = (severity - 1) * count..<severity * count
        let numbers = try ForeignArrays.integers(
            classes, name: "labels", count: rows, path: labels)
        let chosen: Tensor
        do throws(TensorError) {
            chosen = try all.rows(range)
        } catch {
            throw InterchangeError(.malformed, images, error)
        }
        var pixels = ForeignPixels(path: images, imageShape: imageShape)
        let examples = try pixels.images(chosen, "severity \(severity)")
        return ForeignSet(
            form: .corruption, adversarial: examples, labels: Array(numbers[range]),
            remarks: pixels.remarks + [
                "rows \(range.lowerBound) to \(range.upperBound - 1) are "
                    + "severity \(severity)"
            ])
    }
}
