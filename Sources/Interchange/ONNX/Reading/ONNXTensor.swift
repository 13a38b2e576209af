// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A `TensorProto`: what it declares, and where its elements lie.
struct ONNXTensor {
    /// Where elements are. A tensor has them in one place.
    enum Storage {
        case none
        case raw(Range<Int>)
        case typed(TypedValues)
        case external(ExternalData)
    }

    /// Elements in `float_data` and its likes.
    struct TypedValues {
        let field: Int
        /// Numbers in all chunks together.
        var count: Int
        /// Their bytes, when they are one packed chunk.
        var chunk: Range<Int>?
        var byteCount: Int
    }

    /// Elements in a file beside the model.
    struct ExternalData {
        var location = ""
        var offset: Int?
        var length: Int?
        /// A key whose value is not what the format asks for.
        var malformed: String?
    }

    var name = ""
    var dimensions: [Int] = []
    var dataType = 0
    var storage = Storage.none
    /// The whole message.
    let message: Range<Int>

    /// NumPy's limit, above every real tensor.
    static let rankLimit = 64

    init(_ message: ProtobufReader) throws(InterchangeError) {
        var reader = message
        self.message = message.rest
        var external: ExternalData?
        var isExternal = false
        while let field = try reader.next() {
            switch field.number {
            case 1: try reader.appendIntegers(field, to: &dimensions, limit: Self.rankLimit)
            case 2: dataType = try reader.integer(field)
            case 3: throw reader.failure("it is a segment of a tensor, which no tool writes")
            case 4, 5, 6, 7, 10, 11: try addTyped(field, reader)
            case 8: name = try reader.text(field)
            case 9:
                guard case .none = storage else {
                    throw reader.failure("tensor '\(name)' has its values twice")
                }
                storage = .raw(try reader.range(field))
            case 13:
                external = external ?? ExternalData()
                try external?.add(reader.message(field, type: "StringStringEntryProto"))
            case 14: isExternal = try reader.integer(field) == 1
            default: break
            }
        }
        guard isExternal else { return }
        guard case .none = storage else {
            throw reader.failure("tensor '\(name)' has its values both here and in another file")
        }
        storage = .external(external ?? ExternalData())
    }

    /// Counts the numbers of one occurrence of a typed field.
    private mutating func addTyped(
        _ field: ProtobufReader.Field, _ reader: ProtobufReader
    ) throws(InterchangeError) {
        var values: TypedValues
        switch storage {
        case .none:
            values = TypedValues(field: field.number, count: 0, chunk: nil, byteCount: 0)
        case .typed(let earlier) where earlier.field == field.number:
            values = earlier
            values.chunk = nil
        default: throw reader.failure("tensor '\(name)' has its values twice")
        }
        let isFirst = values.count == 0 && values.byteCount == 0
        switch (field.value, Width(field: field.number)) {
        case (.bytes(let range), .text):
            values.count += 1
            values.byteCount += range.count
        case (.varint, .varint), (.fixed32, .four), (.fixed64, .eight):
            values.count += 1
            values.byteCount += 8
        case (.bytes(let range), .varint):
            values.count += try Self.varintCount(range, reader)
            values.byteCount += range.count
        case (.bytes(let range), .four) where range.count % 4 == 0,
            (.bytes(let range), .eight) where range.count % 8 == 0:
            values.count += range.count / (Width(field: field.number) == .four ? 4 : 8)
            values.byteCount += range.count
            if isFirst { values.chunk = range }
        default: throw reader.mismatch(field, "a list of numbers of its kind")
        }
        storage = .typed(values)
    }

    /// How the numbers of a typed field are encoded.
    enum Width {
        case varint
        case four
        case eight
        case text

        init(field: Int) {
            self =
                switch field {
                case 4: .four
                case 10: .eight
                case 6: .text
                default: .varint
                }
        }
    }

    /// The last byte of each number, and only it, is below 0x80.
    private static func varintCount(
        _ range: Range<Int>, _ reader: ProtobufReader
    ) throws(InterchangeError) -> Int {
        guard let last = range.last else { return 0 }
        guard reader.bytes[last] < 0x80 else { throw reader.failure("it ends inside a number") }
        return reader.bytes[range].reduce(0) { $0 + ($1 < 0x80 ? 1 : 0) }
    }
}

extension ONNXTensor.ExternalData {
    fileprivate mutating func add(_ message: ProtobufReader) throws(InterchangeError) {
        let (key, value) = try ONNXProperty.parse(message)
        switch key {
        case "location": location = value
        case "offset":
            offset = Int(value)
            if offset == nil { malformed = "an offset of '\(value)'" }
        case "length":
            length = Int(value)
            if length == nil { malformed = "a length of '\(value)'" }
        // The checksum is SHA-1 of the whole file and no library checks it; others are unknown.
        default: break
        }
    }
}
