// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

/// What is written reads back as it was; `tools/interop` shows it to onnxruntime.
struct ONNXWritingTests {
    /// Tensors of every element type, with a scalar and an empty one.
    private static let everyType: [WeightEntry] = {
        var entries = ElementType.allCases.enumerated().map { index, type in
            let shape: Shape = [index + 1, 3]
            let bytes = (0..<(shape.elementCount * type.byteCount)).map { UInt8($0 % 2) }
            return WeightEntry(
                name: "tensor.\(type)",
                tensor: Tensor(trusted: .u8, shape: [bytes.count], values: bytes)
                    .retyped(type, shape))
        }
        entries.append(WeightEntry(name: "a scalar", tensor: Tensor([2.5], shape: .scalar)))
        entries.append(WeightEntry(name: "nothing", tensor: Tensor([], shape: [0, 4])))
        return entries
    }()

    private func expectEqual(_ found: [WeightEntry], _ expected: [WeightEntry]) throws {
        #expect(found.map(\.name) == expected.map(\.name))
        for (left, right) in zip(found, expected) {
            #expect(try left.tensor() == right.tensor(), "\(left.name)")
        }
    }

    @Test func tensorsWithoutAGraphComeBack() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("m.onnx").path
            let content = WeightContent(
                entries: Self.everyType, metadata: ["task": "digits", "list": [1, 2], "onnx": [:]])
            try WeightFile.write(content, as: .onnx, to: path)
            let first = try Data(contentsOf: URL(fileURLWithPath: path))
            let file = try WeightFile.open(path)
            #expect(file.format == .onnx)
            try expectEqual(file.entries, Self.everyType)
            #expect(file.metadata["task"] == "digits")
            #expect(file.metadata["list"] == "[1,2]")
            #expect(file.metadata["onnx"]?["producer_name"] == "retort")
            #expect(try WeightFile.problems(path, full: true) == [])
            try WeightFile.write(content, as: .onnx, to: path)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
        }
    }

    @Test func elementsBeyondTheLimitGoBesideTheModel() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("big.onnx").path
            try ONNXWriter(
                WeightContent(entries: Self.everyType), path: path, inlineLimit: 2_000
            ).write()
            let file = try WeightFile.open(path)
            try expectEqual(file.entries, Self.everyType)
            #expect(try WeightFile.problems(path, full: true) == [])
            let data = try ByteRegion(mappingFile: path + ".data")
            let model = try ByteRegion(mappingFile: path)
            #expect(file.byteCount == data.count + model.count)
            #expect(data.count > 4096 * (Self.everyType.count - 2))
        }
    }

    /// A graph with every operation, in canonical form.
    private static let graph = """
        {"nodes":[{"attributes":{"shape":[2,9,8]},"name":"input","op":"input"},\
        {"attributes":{"mean":[0.5,0.25],"std":[0.1]},"name":"norm","op":"normalize"},\
        {"attributes":{"bias":false,"filters":4,"groups":2,"kernel":[3,2],"padding":[0,1,2,0],\
        "stride":[2,1]},"name":"block.0.conv","op":"conv2d"},\
        {"attributes":{"epsilon":0.001,"momentum":0.1},"name":"bn","op":"batch_norm"},\
        {"name":"relu","op":"relu"},\
        {"attributes":{"kernel":[3,3],"padding":[1,1],"stride":[1,1]},"name":"max","op":"max_pool"},\
        {"attributes":{"count_padding":false,"kernel":[3,3],"padding":[1,1],"stride":[1,1]},\
        "inputs":["relu"],"name":"mean","op":"avg_pool"},\
        {"inputs":["max","mean"],"name":"sum","op":"add"},\
        {"inputs":["sum","relu","max"],"name":"sum3","op":"add"},\
        {"inputs":["sum3","relu"],"name":"joined","op":"concat"},\
        {"attributes":{"slope":0.2},"name":"leaky","op":"leaky_relu"},\
        {"name":"pool","op":"global_avg_pool"},\
        {"name":"flat","op":"flatten"},\
        {"attributes":{"bias":true,"units":6},"name":"fc1","op":"dense"},\
        {"name":"tanh","op":"tanh"},\
        {"attributes":{"rate":0.4},"name":"drop","op":"dropout"},\
        {"attributes":{"bias":false,"units":5},"name":"fc2","op":"dense"},\
        {"name":"sigmoid","op":"sigmoid"}]}
        """

    private static func parameters(_ type: ElementType) throws -> [WeightEntry] {
        let shapes: [(String, Shape)] = [
            ("block.0.conv/weight", [4, 1, 3, 2]), ("bn/weight", [4]), ("bn/bias", [4]),
            ("bn/running_mean", [4]), ("bn/running_var", [4]), ("fc1/weight", [6, 8]),
            ("fc1/bias", [6]), ("fc2/weight", [5, 6]),
        ]
        return try shapes.enumerated().map { index, pair in
            let values = (0..<pair.1.elementCount).map { Float(($0 * 7 + index) % 11) / 8 - 0.5 }
            return WeightEntry(
                name: pair.0, tensor: try Tensor(values, shape: pair.1).converted(to: type))
        }
    }

    private static func model(_ entries: [WeightEntry]) throws -> ModelDescription {
        ModelDescription(
            graph: try JSON(parsing: graph),
            parameters: Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.name) }))
    }

    @Test(arguments: [ElementType.f32, .f16, .bf16])
    func everyOperationComesBack(_ type: ElementType) throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("m.onnx").path
            let entries = try Self.parameters(type)
            let model = try Self.model(entries)
            try WeightFile.write(
                WeightContent(entries: entries, model: model), as: .onnx, to: path)
            let file = try WeightFile.open(path)
            #expect(file.model?.graph?.text() == model.graph?.text())
            #expect(file.model?.notes == [])
            #expect(file.model?.parameters == model.parameters)
            try expectEqual(file.entries, entries)
            #expect(try WeightFile.problems(path, full: true) == [])
        }
    }

    @Test(arguments: ["torch-plain", "torch-residual", "constants", "half"])
    func foreignModelsComeBackFromOurs(_ name: String) throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("m.onnx").path
            let source = try WeightFile.open(ONNXFixture.named(name).path)
            let entries = try source.entries.map { entry in
                entry.role?.flatten == nil ? entry : try entry.converted(to: .pytorch)
            }
            try WeightFile.write(
                WeightContent(entries: entries, model: source.model), as: .onnx, to: path)
            let file = try WeightFile.open(path)
            let operations = source.model?.graph?["nodes"]?.arrayValue?.map { $0["op"] }
            #expect(operations != nil)
            #expect(file.model?.graph?["nodes"]?.arrayValue?.map { $0["op"] } == operations)
            try expectEqual(Array(file.entries.prefix(entries.count)), entries)
            #expect(try WeightFile.problems(path, full: true) == [])
        }
    }

    @Test func whatDoesNotFitIsRefusedBeforeAnythingIsWritten() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("m.onnx").path
            func expectRefusal(
                _ reason: String, _ change: (inout WeightContent) -> Void
            ) throws {
                let entries = try Self.parameters(.f32)
                var content = WeightContent(entries: entries, model: try Self.model(entries))
                change(&content)
                let error = try #require(throws: InterchangeError.self) {
                    try WeightFile.write(content, as: .onnx, to: path)
                }
                #expect(error.problem.contains(reason), "\(error.problem)")
                #expect(!FileManager.default.fileExists(atPath: path))
            }
            try expectRefusal("there is no tensor for its parameter 'fc1/bias'") {
                $0.entries.removeAll { $0.name == "fc1/bias" }
            }
            try expectRefusal("does not fit 'block.0.conv/weight'") {
                $0.entries[0] = WeightEntry(
                    name: $0.entries[0].name, tensor: Tensor([1], shape: [1, 1, 1, 1]))
            }
            try expectRefusal("is in Keras's layout") {
                $0.entries[0].role = ParameterRole(
                    layer: "conv", kind: .convolution, parameter: .kernel, layout: .keras)
            }
            try expectRefusal("ONNX has no such operator") {
                $0.model?.graph = [
                    "nodes": [
                        ["name": "x", "op": "input", "attributes": ["shape": [3]]],
                        ["name": "y", "op": "fft"],
                    ]
                ]
            }
            try expectRefusal("two tensors are called 'bn/bias'") { $0.entries[1].name = "bn/bias" }
            try expectRefusal("which cannot be converted") {
                $0.entries.append(
                    WeightEntry(
                        unread: "q", typeName: "Q4_0", shape: [32], byteCount: 18, reason: "no",
                        subject: "x"))
            }
        }
    }
}

extension Tensor {
    /// The same bytes as elements of another type.
    fileprivate func retyped(_ type: ElementType, _ shape: Shape) -> Tensor {
        withUnsafeBytes { bytes in
            guard let tensor = try? Tensor(type, shape: shape, copying: bytes) else {
                preconditionFailure("the bytes fill the shape")
            }
            return tensor
        }
    }
}
