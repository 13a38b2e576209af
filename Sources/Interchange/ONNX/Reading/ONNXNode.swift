// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A `NodeProto`, decoded.
struct ONNXNode {
    var name = ""
    var operation = ""
    var domain = ""
    /// Names of values; empty for an optional input that is not given.
    var inputs: [String] = []
    var outputs: [String] = []
    var attributes: [String: ONNXAttribute] = [:]
    /// An attribute's name that stands twice.
    var repeatedAttribute: String?

    private static let linkLimit = 1 << 16

    init(_ message: ProtobufReader) throws(InterchangeError) {
        var reader = message
        while let field = try reader.next() {
            guard inputs.count + outputs.count + attributes.count < Self.linkLimit else {
                throw reader.failure("more than \(Self.linkLimit) inputs, outputs and attributes")
            }
            switch field.number {
            case 1: inputs.append(try reader.text(field))
            case 2: outputs.append(try reader.text(field))
            case 3: name = try reader.text(field)
            case 4: operation = try reader.text(field)
            case 5:
                let attribute = try ONNXAttribute(reader.message(field, type: "AttributeProto"))
                if attributes.updateValue(attribute, forKey: attribute.name) != nil {
                    repeatedAttribute = attribute.name
                }
            case 7: domain = try reader.text(field)
            default: break
            }
        }
    }

    /// Whether the operator is one of ONNX's own.
    var isStandard: Bool { domain.isEmpty || domain == "ai.onnx" }

    /// The operator and the best name the node has, for messages.
    var title: String { "\(operation) '\(name.isEmpty ? outputs.first ?? "" : name)'" }

    /// The value of a `Constant` that is written as an attribute of its own.
    var constantTensor: Tensor? {
        if let value = attributes["value_float"]?.float {
            return Tensor([value], shape: .scalar)
        }
        if let value = attributes["value_int"]?.integer {
            return Tensor(trusted: .i64, shape: .scalar, values: [Int64(value)])
        }
        if let list = attributes["value_floats"]?.floats {
            return Tensor(list, shape: Shape(trusted: [list.count]))
        }
        if let list = attributes["value_ints"]?.integers {
            return Tensor(
                trusted: .i64, shape: Shape(trusted: [list.count]), values: list.map { Int64($0) })
        }
        return nil
    }
}

/// An `AttributeProto`.
struct ONNXAttribute {
    var name = ""
    var float: Float?
    var integer: Int?
    var text: String?
    /// A `TensorProto`.
    var tensor: Range<Int>?
    var floats: [Float]?
    var integers: [Int]?

    /// No operator of a network has longer lists.
    private static let listLimit = 1 << 20

    init(_ message: ProtobufReader) throws(InterchangeError) {
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try reader.text(field)
            case 2: float = try reader.float(field)
            case 3: integer = try reader.integer(field)
            case 4:
                // `bytes`, which need not be text.
                text = String(decoding: reader.bytes[try reader.range(field)], as: UTF8.self)
            case 5: tensor = try reader.range(field)
            case 7:
                var list = floats ?? []
                floats = nil
                try reader.appendFloats(field, to: &list, limit: Self.listLimit)
                floats = list
            case 8:
                var list = integers ?? []
                integers = nil
                try reader.appendIntegers(field, to: &list, limit: Self.listLimit)
                integers = list
            // The kind, which tells an empty list from none.
            case 20:
                switch try reader.integer(field) {
                case 6: floats = floats ?? []
                case 7: integers = integers ?? []
                default: break
                }
            default: break
            }
        }
    }
}
