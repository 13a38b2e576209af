// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A NumPy array inside a pickle (`numpy/_core/src/multiarray/methods.c`, `array_reduce`).
struct NumPyArray: Sendable {
    /// Nil for types that are listed and not read.
    let elementType: ElementType?
    let typeName: String
    let itemByteCount: Int
    let isBigEndian: Bool
    let isFortran: Bool
    let shape: Shape
    let byteCount: Int
    private let data: ByteRegion?
    /// Whether each byte stands as a character: how protocol 2 keeps bytes.
    private let isText: Bool

    /// Nil when the record is no array.
    init?(_ record: PickleRecord, in graph: PickleGraph) throws(TorchTensor.Fault) {
        guard let name = graph.global(record.callable)?.name else { return nil }
        let parts: [PickleValue]
        let isFrombuffer = name.name == "_frombuffer"
        if name.name == "_reconstruct", name.module.hasSuffix(".multiarray") {
            // (version, shape, dtype, whether Fortran's order, data)
            guard let state = graph.items(record.states).first(where: { _ in true }),
                let values = graph.tuple(state).map(Array.init), values.count == 5
            else { throw TorchTensor.Fault("it is an array without a state") }
            parts = [values[1], values[2], values[3], values[4]]
        } else if isFrombuffer, name.module.hasSuffix(".numeric") {
            // (data, dtype, shape, order)
            guard let values = graph.tuple(record.arguments).map(Array.init), values.count == 4
            else { throw TorchTensor.Fault("it is an array without a state") }
            parts = [values[2], values[1], values[3], values[0]]
        } else {
            return nil
        }
        guard let sizes = graph.integers(parts[0], limit: TorchTensor.rankLimit),
            let shape = try? Shape(sizes), let type = DType(parts[1], in: graph)
        else { throw TorchTensor.Fault("the shape or type of an array is malformed") }
        let (byteCount, overflow) = shape.elementCount.multipliedReportingOverflow(
            by: type.byteCount)
        guard !overflow else { throw TorchTensor.Fault("shape \(shape) is too large") }
        elementType = type.elementType
        typeName = type.name
        itemByteCount = type.byteCount
        isBigEndian = type.isBigEndian
        isFortran =
            isFrombuffer ? graph.string(parts[2]) == "F" : graph.integer(parts[2]) == 1
        self.shape = shape
        self.byteCount = byteCount
        (data, isText) = Self.data(parts[3], in: graph)
        guard elementType == nil || data.map({ holds($0.count) }) == true else {
            throw TorchTensor.Fault(
                "an array of \(byteCount) bytes has \(data?.count ?? 0) bytes of data")
        }
    }

    /// A character above 0x7F takes two bytes of UTF-8.
    private func holds(_ count: Int) -> Bool {
        isText ? count >= byteCount && count / 2 <= byteCount : count == byteCount
    }

    /// Bytes, a string of Python 2, or `_codecs.encode(text, 'latin1')`.
    private static func data(
        _ value: PickleValue, in graph: PickleGraph
    ) -> (ByteRegion?, isText: Bool) {
        switch graph[value] {
        case .bytes(let slice): return (graph.part(slice), false)
        case .string(let slice): return (graph.part(slice), false)
        case .record:
            guard let record = graph.record(value),
                graph.global(record.callable)?.name == .init(module: "_codecs", name: "encode"),
                let first = graph.tuple(record.arguments)?.first,
                case .string(let slice) = graph[first]
            else { return (nil, false) }
            return (graph.part(slice), true)
        default: return (nil, false)
        }
    }

    var found: TorchArray {
        guard elementType == nil else { return .numpy(self) }
        return .listed(
            typeName: typeName, shape: shape, byteCount: byteCount,
            reason: "NumPy's type \(typeName) is not read")
    }

    var storedByteCount: Int { data?.count ?? 0 }

    func elements(path: String) throws(InterchangeError) -> Tensor {
        guard let elementType, let data else {
            throw InterchangeError(.unsupported, path, "NumPy's type \(typeName) is not read")
        }
        let bytes = isText ? try Self.bytes(data, count: byteCount, path: path) : data
        do throws(TensorError) {
            var tensor = try Tensor(elementType, shape: shape, viewing: bytes)
            if isFortran, shape.rank > 1 {
                var (strides, stride) = ([Int](), 1)
                for size in shape.dimensions {
                    strides.append(stride)
                    stride *= size
                }
                tensor = try StridedElements(shape: shape, strides: strides).gather(tensor)
            }
            return isBigEndian ? tensor.byteSwapped() : tensor
        } catch {
            throw InterchangeError(.malformed, path, error)
        }
    }

    /// The bytes whose Latin-1 characters `text` holds as UTF-8.
    private static func bytes(
        _ text: ByteRegion, count: Int, path: String
    ) throws(InterchangeError) -> ByteRegion {
        var (written, isSound) = (0, true)
        let region = ByteRegion(count: count) { output in
            var position = 0
            while position < text.count, written < count {
                var byte = text.bytes[position]
                position += 1
                if byte >= 0x80 {
                    // U+0080 to U+00FF begin with 0xC2 or 0xC3.
                    guard byte == 0xC2 || byte == 0xC3, position < text.count,
                        text.bytes[position] & 0xC0 == 0x80
                    else { break }
                    byte = (byte & 3) << 6 | (text.bytes[position] & 0x3F)
                    position += 1
                }
                output[written] = byte
                written += 1
            }
            isSound = written == count && position == text.count
        }
        guard isSound else {
            throw InterchangeError(
                .malformed, path, "the data of an array are no Latin-1 text of \(count) bytes")
        }
        return region
    }
}

extension NumPyArray {
    /// `numpy.dtype('f4', False, True)` with the state `(3, '<', ...)`.
    struct DType {
        let elementType: ElementType?
        let name: String
        let byteCount: Int
        let isBigEndian: Bool

        init?(_ value: PickleValue, in graph: PickleGraph) {
            guard let record = graph.record(value),
                let global = graph.global(record.callable)?.name, global.module.hasPrefix("numpy"),
                let first = graph.tuple(record.arguments)?.first, let code = graph.string(first)
            else { return nil }
            let types: [String: ElementType] = [
                "b1": .bool, "u1": .u8, "i1": .i8, "u2": .u16, "i2": .i16, "u4": .u32, "i4": .i32,
                "u8": .u64, "i8": .i64, "f2": .f16, "f4": .f32, "f8": .f64,
            ]
            elementType = types[code]
            name = code.count <= 16 ? PickleText.escaped(code) : "unknown"
            guard let count = Int(code.drop { !$0.isNumber }) ?? (code.hasPrefix("O") ? 8 : nil),
                count >= 0, count < 1 << 32
            else { return nil }
            byteCount = count
            let state = graph.items(record.states).first { _ in true }
            let order = state.flatMap { graph.tuple($0) }.flatMap { parts in
                parts.count > 1 ? graph.string(parts[parts.startIndex + 1]) : nil
            }
            isBigEndian = order == ">" && elementType?.byteCount ?? 0 > 1
        }
    }

    /// The number of `numpy.float64(3)`: `multiarray.scalar(dtype, data)`.
    static func scalar(_ record: PickleRecord, in graph: PickleGraph) -> JSON? {
        guard let name = graph.global(record.callable)?.name, name.name == "scalar",
            name.module.hasSuffix(".multiarray"),
            let values = graph.tuple(record.arguments).map(Array.init), values.count == 2,
            let type = DType(values[0], in: graph), let elementType = type.elementType
        else { return nil }
        let (data, isText) = data(values[1], in: graph)
        guard let data, data.count <= 16,
            let bytes = isText
                ? try? Self.bytes(data, count: type.byteCount, path: "") : data,
            var tensor = try? Tensor(elementType, shape: .scalar, viewing: bytes)
        else { return nil }
        if type.isBigEndian { tensor = tensor.byteSwapped() }
        if elementType == .bool { return (try? tensor.integers())?.first.map { .bool($0 != 0) } }
        if let integers = try? tensor.integers() { return integers.first.map { .integer($0) } }
        if elementType == .f64 {
            return .number(tensor.withUnsafeBytes { $0.loadUnaligned(as: Double.self) })
        }
        return (try? tensor.floats())?.first.map { .float($0) }
    }
}

extension PickleGraph {
    /// The bytes of a slice as a view of the pickle, copied where they were decoded.
    fileprivate func part(_ slice: PickleSlice) -> ByteRegion {
        let range = Int(slice.offset)..<(Int(slice.offset) + Int(slice.count))
        if range.upperBound <= region.count { return ByteRegion(part: range, of: region) }
        return withBytes(of: slice) { ByteRegion(copying: $0) }
    }
}
