// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A dictionary of tensors and texts as `torch.save` writes it (zip form, pickle protocol 2), for
/// the tools that index a plain `dict`: `torch.load(weights_only=True)` takes it.
struct TorchDictionary {
    enum Value {
        case tensor(Tensor)
        case text(String)
    }

    private let members: [(key: String, value: Value)]

    init(_ members: [(key: String, value: Value)]) {
        self.members = members
    }

    func write(to path: String) throws(InterchangeError) {
        let (pickle, tensors) = try self.pickle(path: path)
        try ZipWriter.write(to: path) { (zip) throws(InterchangeError) in
            try zip.add("archive/data.pkl", pickle)
            try zip.add("archive/byteorder", Array("little".utf8))
            for (index, tensor) in tensors.enumerated() {
                let result = tensor.withUnsafeBytes { bytes in
                    Result { () throws(InterchangeError) in
                        try zip.add("archive/data/\(index)", alignment: 64, [bytes])
                    }
                }
                try result.get()
            }
            try zip.add("archive/version", Array("3\n".utf8))
        }
    }

    /// The pickled object, and the storages that it refers to by number.
    private func pickle(path: String) throws(InterchangeError) -> ([UInt8], [Tensor]) {
        var output = PickleBytes()
        var tensors: [Tensor] = []
        output.bytes += [0x80, 2]  // PROTO 2
        output.opcode("}")
        output.opcode("(")
        for (key, value) in members {
            output.text(key)
            switch value {
            case .text(let text): output.text(text)
            case .tensor(let tensor):
                guard let storage = Self.storages[tensor.elementType] else {
                    throw InterchangeError(
                        .unsupported, path,
                        "'\(key)' is \(tensor.elementType), which is not "
                            + "written into a PyTorch dictionary")
                }
                output.tensor(tensor.shape, storage: storage, number: tensors.count)
                tensors.append(tensor)
            }
        }
        output.opcode("u")
        output.opcode(".")
        return (output.bytes, tensors)
    }

    private static let storages: [ElementType: String] = [
        .f32: "FloatStorage", .f64: "DoubleStorage", .f16: "HalfStorage", .u8: "ByteStorage",
        .i64: "LongStorage", .i32: "IntStorage",
    ]
}

/// The few opcodes of pickle protocol 2 that a dictionary of tensors needs.
private struct PickleBytes {
    var bytes: [UInt8] = []

    mutating func opcode(_ opcode: Unicode.Scalar) { bytes.append(UInt8(ascii: opcode)) }

    mutating func text(_ text: String) {
        opcode("X")
        withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { bytes += $0 }
        bytes += text.utf8
    }

    mutating func integer(_ value: Int) {
        if let small = Int32(exactly: value) {
            opcode("J")
            withUnsafeBytes(of: small.littleEndian) { bytes += $0 }
        } else {
            bytes += [0x8A, 8]  // LONG1, 8 bytes
            withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
        }
    }

    mutating func global(_ module: String, _ name: String) {
        opcode("c")
        bytes += "\(module)\n\(name)\n".utf8
    }

    mutating func tuple(_ values: [Int]) {
        opcode("(")
        for value in values { integer(value) }
        opcode("t")
    }

    /// `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)`.
    mutating func tensor(_ shape: Shape, storage: String, number: Int) {
        global("torch._utils", "_rebuild_tensor_v2")
        opcode("(")
        opcode("(")
        text("storage")
        global("torch", storage)
        text(String(number))
        text("cpu")
        integer(shape.elementCount)
        opcode("t")
        opcode("Q")  // persistent id
        integer(0)
        tuple(shape.dimensions)
        var strides = [Int](repeating: 1, count: shape.rank)
        for axis in shape.dimensions.indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1] * max(shape[axis + 1], 1)
        }
        tuple(strides)
        bytes.append(0x89)  // False
        global("collections", "OrderedDict")
        opcode(")")
        opcode("R")
        opcode("t")
        opcode("R")
    }
}

extension ZipWriter {
    fileprivate mutating func add(_ name: String, _ bytes: [UInt8]) throws(InterchangeError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(InterchangeError) in try add(name, [buffer]) }
        }
        try result.get()
    }
}
