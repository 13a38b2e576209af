// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What a `ModelProto` says of itself, with tensors and nodes left where they lie.
///
/// Field numbers are those of <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>.
struct ONNXModel {
    let region: ByteRegion
    let path: String
    var irVersion: Int?
    var producerName = ""
    var producerVersion = ""
    var domain = ""
    var modelVersion: Int?
    var documentation = ""
    /// Versions of operator sets by domain; the empty domain is ONNX's own.
    var operatorSets: [String: Int] = [:]
    var properties: [(key: String, value: String)] = []
    var graph = ONNXGraph()
    var functionCount = 0

    /// - Throws: ``InterchangeError`` unless every message down to the nodes' attributes is
    ///   well-formed and within the limits.
    init(_ region: ByteRegion, path: String) throws(InterchangeError) {
        self.region = region
        self.path = path
        var reader = ProtobufReader(
            region.bytes, 0..<region.count, type: "ModelProto", path: path)
        var budget = MetadataBudget()
        var graphs = 0
        while let field = try reader.next() {
            switch field.number {
            case 1: irVersion = try reader.integer(field)
            case 2: producerName = budget.shortened(try reader.text(field))
            case 3: producerVersion = budget.shortened(try reader.text(field))
            case 4: domain = budget.shortened(try reader.text(field))
            case 5: modelVersion = try reader.integer(field)
            case 6: documentation = budget.shortened(try reader.text(field))
            case 7:
                graphs += 1
                graph = try ONNXGraph(reader.message(field, type: "GraphProto"))
            case 8: try addOperatorSet(reader.message(field, type: "OperatorSetIdProto"))
            case 14:
                let (key, value) = try ONNXProperty.parse(
                    reader.message(field, type: "StringStringEntryProto"))
                guard properties.count < Self.propertyLimit else {
                    throw reader.failure("more than \(Self.propertyLimit) metadata_props")
                }
                properties.append((budget.shortened(key), budget.shortened(value)))
            case 25: functionCount += 1
            default: break
            }
        }
        guard graphs == 1 else {
            throw InterchangeError(.malformed, path, found: "\(graphs) graphs", expected: "one")
        }
    }

    private static let propertyLimit = 4096

    private mutating func addOperatorSet(_ message: ProtobufReader) throws(InterchangeError) {
        var reader = message
        var (domain, version) = ("", 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: domain = try reader.text(field)
            case 2: version = try reader.integer(field)
            default: break
            }
        }
        guard operatorSets.count < 256 else {
            throw reader.failure("more than 256 operator sets")
        }
        operatorSets[domain == "ai.onnx" ? "" : domain] = version
    }

    /// The version of ONNX's own operators.
    var operatorSet: Int { operatorSets[""] ?? 1 }
}

/// Keys and values of metadata and of external data.
enum ONNXProperty {
    static func parse(
        _ message: ProtobufReader
    ) throws(InterchangeError) -> (key: String, value: String) {
        var reader = message
        var (key, value) = ("", "")
        while let field = try reader.next() {
            switch field.number {
            case 1: key = try reader.text(field)
            case 2: value = try reader.text(field)
            default: break
            }
        }
        return (key, value)
    }
}
