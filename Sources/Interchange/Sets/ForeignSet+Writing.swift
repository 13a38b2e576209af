// SPDX-License-Identifier: Apache-2.0

import Tensors

extension ForeignSet {
    /// Writes the set as another tool reads it, whole or not at all.
    ///
    /// - Throws: ``InterchangeError`` when the set lacks what the form needs, and when the file
    ///   cannot be written.
    public func write(as form: Form, to path: String) throws(InterchangeError) {
        switch form {
        case .npz:
            try WeightFile.write(
                WeightContent(entries: arrays, metadata: metadata), as: .npz, to: path)
        case .npy: try NPY.write(adversarial, to: path)
        case .madry: try NPY.write(madryArray, to: path)
        case .autoattack:
            let entry = WeightEntry(name: "adv_complete", tensor: adversarial)
            try PyTorchFile.write(WeightContent(entries: [entry]), to: path)
        case .torchattacks: try writeForTorchattacks(path)
        case .corruption:
            throw InterchangeError(
                .unsupported, path, "a folder of CIFAR-10-C is read and not written")
        }
    }

    /// Every array under the name that it has in a store.
    private var arrays: [WeightEntry] {
        var entries = [WeightEntry(name: "adversarial", tensor: adversarial)]
        func add(_ name: String, _ tensor: Tensor?) {
            if let tensor { entries.append(WeightEntry(name: name, tensor: tensor)) }
        }
        add("clean", clean)
        add("label", labels.map(Self.integers))
        add("target", targets.map(Self.integers))
        add("status", status.map { Tensor(trusted: .u8, shape: [$0.count], values: $0) })
        add("margin", margin)
        add("distance", distance)
        add("row_index", rowIndex.map(Self.integers))
        return entries
    }

    private static func integers(_ values: [Int]) -> Tensor {
        Tensor(trusted: .i64, shape: [values.count], values: values.map { Int64($0) })
    }

    /// The keys that `torchattacks.attack.Attack.load` asks for; `preds` are not in a store.
    private func writeForTorchattacks(_ path: String) throws(InterchangeError) {
        guard let labels else {
            throw InterchangeError(
                .mismatch, path, "the set has no labels, which torchattacks needs")
        }
        var entries = [
            WeightEntry(name: "adv_inputs", tensor: adversarial),
            WeightEntry(name: "labels", tensor: Self.integers(labels)),
        ]
        if let clean { entries.append(WeightEntry(name: "clean_inputs", tensor: clean)) }
        try PyTorchFile.write(
            WeightContent(entries: entries), texts: [("save_type", "float")], to: path)
    }

    private var madryArray: Tensor {
        let shape = adversarial.shape
        let (count, channels, height, width) = (shape[0], shape[1], shape[2], shape[3])
        let result: Tensor?
        if channels == 1 {
            result = try? adversarial.reshaped(to: Shape(trusted: [count, height * width]))
        } else {
            let last = adversarial.gathered(
                shape: Shape(trusted: [count, height, width, channels]),
                strides: [channels * height * width, width, 1, height * width])
            result = (try? last.floats()).map { Tensor($0.map { $0 * 255 }, shape: last.shape) }
        }
        // F32 images of four axes always convert.
        return result ?? adversarial
    }
}

extension ForeignLogits {
    /// Writes the logits, whole or not at all.
    public func write(as form: Form, to path: String) throws(InterchangeError) {
        let rows = rowIndex.map {
            Tensor(trusted: .i64, shape: [$0.count], values: $0.map { Int64($0) })
        }
        let entries = [("logits", logits), ("row_index", rows), ("row_digest", rowDigests)]
            .compactMap { name, tensor in tensor.map { WeightEntry(name: name, tensor: $0) } }
        let content = WeightContent(entries: entries, metadata: metadata)
        switch form {
        case .npy: try NPY.write(logits, to: path)
        case .npz: try WeightFile.write(content, as: .npz, to: path)
        case .pytorch: try WeightFile.write(content, as: .pytorch, to: path)
        }
    }
}
