// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Writes the pickle of a `state_dict`: an `OrderedDict` of tensors, in protocol 2 and with the
/// opcodes and imports that `torch.load(weights_only=True)` takes.
struct TorchPickleWriter {
    private(set) var bytes: [UInt8] = [PickleOpcode.proto.rawValue, 2]
    /// Memo indices of what was written before.
    private var memo: [String: Int] = [:]
    /// `SETITEMS` takes what lies above the mark; Python's own pickler sends a thousand at a time.
    private static let batch = 1000

    /// - Parameters:
    ///   - entries: tensors with the key of each one's storage.
    ///   - texts: values that are no tensors, after them.
    static func stateDictionary(
        _ entries: [(name: String, elementType: ElementType, shape: Shape, storage: String)],
        texts: [(name: String, text: String)] = []
    ) -> [UInt8] {
        var writer = TorchPickleWriter()
        writer.orderedDictionary()
        var index = 0
        while index < entries.count {
            writer.write(.mark)
            for entry in entries[index..<min(index + batch, entries.count)] {
                writer.text(entry.name, remember: false)
                writer.tensor(entry.elementType, entry.shape, storage: entry.storage)
            }
            writer.write(.setItems)
            index += batch
        }
        if !texts.isEmpty {
            writer.write(.mark)
            for (name, text) in texts {
                writer.text(name, remember: false)
                writer.text(text, remember: false)
            }
            writer.write(.setItems)
        }
        writer.write(.stop)
        return writer.bytes
    }

    /// `torch._utils._rebuild_tensor_v2(storage, 0, size, stride, False, OrderedDict())`; types
    /// without a storage class of their own take `_v3` and say their type.
    private mutating func tensor(
        _ elementType: ElementType, _ shape: Shape, storage key: String
    ) {
        let untyped = TorchElementType.untypedName(elementType)
        global("torch._utils", untyped == nil ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3")
        write(.mark)
        write(.mark)
        text("storage")
        global(
            untyped == nil ? "torch" : "torch.storage", TorchElementType.storageName(elementType))
        text(key, remember: false)
        text("cpu")
        integer(
            untyped == nil
                ? shape.elementCount : shape.elementCount * elementType.byteCount)
        write(.tuple)
        write(.binPersID)
        integer(0)
        tuple(shape.dimensions)
        var (strides, stride) = ([Int](), 1)
        for size in shape.dimensions.reversed() {
            strides.append(stride)
            stride *= max(size, 1)
        }
        tuple(strides.reversed())
        write(.newFalse)
        orderedDictionary()
        if let untyped { global("torch", untyped) }
        write(.tuple)
        write(.reduce)
    }

    private mutating func orderedDictionary() {
        global("collections", "OrderedDict")
        write(.emptyTuple)
        write(.reduce)
    }

    private mutating func write(_ opcode: PickleOpcode) { bytes.append(opcode.rawValue) }

    private mutating func append(_ value: some FixedWidthInteger & BitwiseCopyable) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func integer(_ value: Int) {
        switch value {
        case 0..<0x100:
            write(.binInt1)
            append(UInt8(value))
        case 0..<0x1_0000:
            write(.binInt2)
            append(UInt16(value))
        case 0..<0x8000_0000:
            write(.binInt)
            append(Int32(value))
        default:
            write(.long1)
            append(UInt8(8))
            append(Int64(value))
        }
    }

    private mutating func tuple(_ values: [Int]) {
        guard !values.isEmpty else { return write(.emptyTuple) }
        if values.count > 3 { write(.mark) }
        for value in values { integer(value) }
        switch values.count {
        case 1: write(.tuple1)
        case 2: write(.tuple2)
        case 3: write(.tuple3)
        default: write(.tuple)
        }
    }

    private mutating func text(_ text: String, remember: Bool = true) {
        if remember, recall(text) { return }
        let content = Array(text.utf8)
        write(.binUnicode)
        append(UInt32(content.count))
        bytes += content
        if remember { keep(text) }
    }

    private mutating func global(_ module: String, _ name: String) {
        let line = module + "\n" + name + "\n"
        if recall(line) { return }
        write(.global)
        bytes += line.utf8
        keep(line)
    }

    private mutating func recall(_ key: String) -> Bool {
        guard let index = memo[key] else { return false }
        write(.binGet)
        append(UInt8(index))
        return true
    }

    /// There are a few dozen different ones at most, all of ours.
    private mutating func keep(_ key: String) {
        write(.binPut)
        append(UInt8(memo.count))
        memo[key] = memo.count
    }
}
