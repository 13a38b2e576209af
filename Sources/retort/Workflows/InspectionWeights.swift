// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors

/// A file of weights, or the part of it that was asked for.
struct WeightInspection {
    enum Selection {
        case everything
        /// One tensor.
        case tensor(WeightEntry)
        /// The tensors of a layer, or whose names begin alike.
        case part([WeightEntry])
        /// Something the file says beside its tensors.
        case value(key: String, JSON)
    }

    let file: WeightFile
    let selection: Selection

    init(file: WeightFile, selection: Selection = .everything) {
        self.file = file
        self.selection = selection
    }

    /// What `object` names; nil when nothing in the file is called so.
    ///
    /// - Throws: ``Failure`` when several tensors are.
    static func part(_ object: String, of file: WeightFile) throws -> WeightInspection? {
        guard let selection = try find(object, in: file) else { return nil }
        return WeightInspection(file: file, selection: selection)
    }

    var entries: [WeightEntry] {
        switch selection {
        case .everything: file.entries
        case .tensor(let entry): [entry]
        case .part(let entries): entries
        case .value: []
        }
    }

    var tensors: [InspectedTensor] {
        entries.map {
            InspectedTensor(
                name: $0.name, entry: $0, channelAxes: $0.channelAxes(in: file.format))
        }
    }

    private static func find(_ object: String, in file: WeightFile) throws -> Selection? {
        if let entry = file[object] { return .tensor(entry) }
        let wanted = LayerName.spelled(object)
        guard !wanted.isEmpty else { return .everything }
        let named = file.entries.filter { LayerName.all(of: $0).contains(wanted) }
        if named.count > 1 {
            throw Failure(
                "\(file.path): '\(printable(object))' is several tensors, expected one of "
                    + list(named.map(\.name)))
        }
        if let entry = named.first { return .tensor(entry) }
        let part = file.entries.filter { entry in
            LayerName.all(of: entry).contains { $0.hasPrefix(wanted + ".") }
        }
        if !part.isEmpty { return .part(part) }
        if let value = file.metadata[object] { return .value(key: object, value) }
        if object == "architecture", let value = file.model?.graph ?? file.model?.source {
            return .value(key: object, value)
        }
        return nil
    }

    static func unknown(_ object: String, in file: WeightFile) -> Failure {
        Failure(
            "\(file.path): has no tensor, layer or metadata '\(printable(object))'; it holds "
                + (file.entries.isEmpty ? "no tensors" : list(file.entries.map(\.name))))
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(8).map(printable).joined(separator: ", ")
            + (names.count > 8 ? " and \(names.count - 8) more" : "")
    }
}

/// The names under which a tensor can be asked for, all spelled alike.
enum LayerName {
    /// With dots between the parts and none at the ends: `/conv1/weight` is `conv1.weight`.
    static func spelled(_ name: String) -> String {
        parts(name).joined(separator: ".")
    }

    /// Split by bytes, which for these two characters is the same and much faster.
    static func parts(_ name: String) -> [Substring] {
        name.utf8.split { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ".") }.map(Substring.init)
    }

    /// As the file has it, as it was called before a conversion, and as people know it: the layer
    /// with its parameter in Keras's and in PyTorch's words.
    static func all(of entry: WeightEntry) -> [String] {
        var names = [spelled(entry.name)]
        if let source = entry.sourceName { names.append(spelled(source)) }
        if let role = entry.role {
            let layer = spelled(role.layer)
            names.append(layer + "." + role.kerasName)
            if role.pytorchName != role.kerasName { names.append(layer + "." + role.pytorchName) }
        }
        return names
    }
}

extension WeightEntry {
    /// The axes whose positions are the layer's outputs: those of a kernel by its layout, the
    /// outermost of any other matrix or array of numbers, as PyTorch and ONNX have it.
    func channelAxes(in format: WeightFormat) -> Range<Int>? {
        let rank = shape.rank
        guard rank > 1, elementType != nil else { return nil }
        guard let role else {
            // Keras's variables without a role are the optimizer's, shaped like their kernels.
            let isKeras = [.kerasWeights, .kerasArchive, .kerasLegacy].contains(format)
            let isFloat = elementType?.isFloatingPoint == true
            return isFloat ? (isKeras ? (rank - 1)..<rank : 0..<1) : nil
        }
        guard role.parameter == .kernel else { return nil }
        switch (role.kind, role.layout) {
        case (.transposedConvolution, .pytorch): return 1..<2
        case (.transposedConvolution, .keras): return (rank - 2)..<(rank - 1)
        case (.depthwiseConvolution, .keras): return (rank - 2)..<rank
        case (_, .keras): return (rank - 1)..<rank
        case (_, .pytorch): return 0..<1
        }
    }
}
