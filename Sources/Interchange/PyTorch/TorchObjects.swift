// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What a record of a pickle stands for, where it is something that holds numbers.
enum TorchArray: Sendable {
    case strided(TorchTensor)
    case numpy(NumPyArray)
    /// Named, and not read.
    case listed(typeName: String, shape: Shape, byteCount: Int, reason: String)
    /// Why it is none.
    case malformed(String)
}

/// Reads the records by which PyTorch rebuilds tensors (`torch/_utils.py`).
struct TorchObjects {
    let graph: PickleGraph

    /// Nil for what is no tensor and no array.
    func array(_ value: PickleValue) -> TorchArray? {
        do throws(TorchTensor.Fault) {
            return try array(value, depth: 0)
        } catch {
            return .malformed(error.text)
        }
    }

    private func array(
        _ value: PickleValue, depth: Int
    ) throws(TorchTensor.Fault) -> TorchArray? {
        if case .persistent = graph[value] { return try storage(value).map(Self.bare) ?? nil }
        guard depth < 8, let record = graph.record(value),
            let name = graph.global(record.callable)?.name
        else { return nil }
        if let array = try NumPyArray(record, in: graph) { return array.found }
        let arguments = graph.tuple(record.arguments) ?? []
        func argument(_ index: Int) throws(TorchTensor.Fault) -> PickleValue {
            guard index < arguments.count else {
                throw TorchTensor.Fault("\(name.name) lacks arguments")
            }
            return arguments[arguments.startIndex + index]
        }
        switch (name.module, name.name) {
        case ("torch._utils", "_rebuild_tensor"), ("torch._utils", "_rebuild_tensor_v2"):
            return .strided(try tensor(arguments))
        case ("torch._utils", "_rebuild_tensor_v3"):
            return .strided(try tensor(arguments, type: try dtype(try argument(6))))
        case ("torch._utils", "_rebuild_parameter"),
            ("torch._utils", "_rebuild_parameter_with_state"),
            ("torch._utils", "_rebuild_device_tensor_from_numpy"),
            ("torch._utils", "_rebuild_device_tensor_from_cpu_tensor"),
            ("torch.nn.parameter", "Parameter"), ("torch.nn.parameter", "Buffer"):
            return try array(try argument(0), depth: depth + 1)
        case ("torch._tensor", "_rebuild_from_type_v2"), ("torch._tensor", "_rebuild_from_type"),
            ("torch.tensor", "_rebuild_from_type"):
            return try rebuilt(by: try argument(0), of: try argument(2))
        case ("torch._utils", "_rebuild_qtensor"):
            return try listed(try tensor(arguments), because: "it is quantised")
        case ("torch._utils", "_rebuild_sparse_tensor"),
            ("torch._utils", "_rebuild_sparse_csr_tensor"):
            return sparse(try argument(1))
        case ("torch._utils", "_rebuild_meta_tensor_no_storage"):
            return try meta(try dtype(try argument(0)), sizes: try argument(1))
        case ("torch._utils", "_rebuild_nested_tensor"),
            ("torch._utils", "_rebuild_wrapper_subclass"),
            ("torch.storage", "_load_from_bytes"):
            return .listed(
                typeName: name.name, shape: [0], byteCount: 0, reason: "is kept by \(name.name)")
        default: return nil
        }
    }

    private func tensor(
        _ arguments: ArraySlice<PickleValue>, type: TorchElementType? = nil
    ) throws(TorchTensor.Fault) -> TorchTensor {
        let values = Array(arguments.prefix(4))
        guard values.count == 4, let storage = try storage(values[0]) else {
            throw TorchTensor.Fault("it names no storage")
        }
        guard graph.items(values[2]).count <= TorchTensor.rankLimit else {
            throw TorchTensor.Fault(
                "it has \(graph.items(values[2]).count) dimensions, expected at most"
                    + " \(TorchTensor.rankLimit)")
        }
        guard let offset = graph.integer(values[1]), let sizes = integers(values[2]),
            let strides = integers(values[3])
        else { throw TorchTensor.Fault("its offset, sizes or strides are no integers") }
        guard let type = type ?? storage.type else {
            throw TorchTensor.Fault("its storage has no element type")
        }
        return try TorchTensor(storage, type, offset: offset, sizes: sizes, strides: strides)
    }

    /// The integers of a tuple, a list or a `torch.Size`.
    func integers(_ value: PickleValue) -> [Int]? {
        if let record = graph.record(value), let arguments = graph.tuple(record.arguments),
            graph.global(record.callable)?.name == .init(module: "torch", name: "Size"),
            let first = arguments.first
        {
            return graph.integers(first, limit: TorchTensor.rankLimit)
        }
        return graph.integers(value, limit: TorchTensor.rankLimit)
    }

    private func dtype(_ value: PickleValue) throws(TorchTensor.Fault) -> TorchElementType {
        guard let name = graph.global(value)?.name, name.module == "torch",
            let type = TorchElementType(dtype: name.name)
        else { throw TorchTensor.Fault("its element type is unknown") }
        return type
    }

    /// `('storage', class, key, location, count)` and, in old files, a view's key, offset and size.
    func storage(_ value: PickleValue) throws(TorchTensor.Fault) -> TorchStorage? {
        guard case .persistent(let id) = graph[value], let parts = graph.tuple(id).map(Array.init),
            parts.count >= 5, graph.string(parts[0]) == "storage"
        else { return nil }
        guard let kind = graph.global(parts[1])?.name,
            let key = graph.string(parts[2]) ?? graph.integer(parts[2]).map(String.init),
            let count = graph.integer(parts[4]), count >= 0
        else { throw TorchTensor.Fault("its storage is described wrongly") }
        let type = TorchElementType(storage: kind.name)
        guard type != nil || kind.name.hasSuffix("UntypedStorage") else {
            throw TorchTensor.Fault("its storage has the class \(kind.shown)")
        }
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: type?.byteCount ?? 1)
        guard !overflow else { throw TorchTensor.Fault("its storage is too large") }
        var start = 0
        if parts.count > 5, let view = graph.tuple(parts[5]), view.count == 3 {
            guard let offset = graph.integer(view[view.startIndex + 1]), offset >= 0 else {
                throw TorchTensor.Fault("its storage is described wrongly")
            }
            start = offset
        }
        return TorchStorage(
            key: key, type: type, count: count, byteCount: byteCount, start: start)
    }

    /// A storage that stands for itself.
    private static func bare(
        _ storage: TorchStorage
    ) throws(TorchTensor.Fault) -> TorchArray? {
        let type = storage.type ?? .byte
        return .strided(
            try TorchTensor(storage, type, offset: 0, sizes: [storage.count], strides: [1]))
    }

    private func rebuilt(
        by function: PickleValue, of arguments: PickleValue
    ) throws(TorchTensor.Fault) -> TorchArray? {
        guard let name = graph.global(function)?.name, name.module == "torch._utils",
            let values = graph.tuple(arguments)
        else { return nil }
        switch name.name {
        case "_rebuild_tensor", "_rebuild_tensor_v2": return .strided(try tensor(values))
        case "_rebuild_tensor_v3":
            guard values.count > 6 else { return nil }
            let type = try dtype(values[values.startIndex + 6])
            return .strided(try tensor(values, type: type))
        default: return nil
        }
    }

    private func listed(
        _ tensor: TorchTensor, because reason: String
    ) throws(TorchTensor.Fault) -> TorchArray {
        .listed(
            typeName: tensor.type.typeName, shape: tensor.shape, byteCount: tensor.byteCount,
            reason: reason)
    }

    private func meta(
        _ type: TorchElementType, sizes: PickleValue
    ) throws(TorchTensor.Fault) -> TorchArray {
        guard let sizes = integers(sizes), let shape = try? Shape(sizes) else {
            throw TorchTensor.Fault("its sizes are no integers")
        }
        return .listed(
            typeName: type.typeName, shape: shape, byteCount: 0,
            reason: "it was saved from the device 'meta', without elements")
    }

    /// Indices, values and, last but one, the size.
    private func sparse(_ data: PickleValue) -> TorchArray {
        let sizes = (graph.tuple(data) ?? []).lazy.compactMap { integers($0) }.first
        let shape = sizes.flatMap { try? Shape($0) } ?? [0]
        return .listed(
            typeName: "sparse", shape: shape, byteCount: 0, reason: "sparse tensors are not read")
    }
}
