// SPDX-License-Identifier: Apache-2.0

import Foundation
import Interchange
import Tensors
import TestSupport
import Testing
import Training

/// Graphs imported from ONNX compute what onnxruntime recorded in `Fixtures/onnx/expected.json`.
struct ONNXGraphTests {
    static let recorded: [String: JSON] = {
        let text = try? String(contentsOfFile: fixture("onnx/expected.json"), encoding: .utf8)
        let models = text.flatMap { try? JSON(parsing: $0).objectValue } ?? [:]
        return models.filter { $0.value["logits"] != nil && $0.value["note"] == nil }
    }()

    /// The same integer hash as in `make.py`, in [0, 1).
    private static func pixels(_ count: Int) -> [Float] {
        (0..<count).map { index in
            var hash = UInt32(truncatingIfNeeded: UInt64(index) &* 2_654_435_761 &+ 97911 &+ 12345)
            hash ^= hash >> 15
            hash = hash &* 2_246_822_519
            hash ^= hash >> 13
            hash = hash &* 3_266_489_917
            hash ^= hash >> 16
            return Float(hash >> 8) * 0x1p-24
        }
    }

    /// The tensors that the graph asks for, in its own layout and in F32.
    private static func parameters(of graph: Graph, in file: WeightFile) throws -> NamedTensors {
        let model = try #require(file.model)
        var tensors = NamedTensors()
        for entry in file.entries {
            guard let parameter = model.parameters[entry.name] else { continue }
            tensors[parameter] = try entry.converted(to: .pytorch).tensor().converted(to: .f32)
        }
        for (parameter, tensor) in model.implied {
            tensors[parameter] = try tensor.converted(to: .f32)
        }
        return tensors
    }

    private static func logits(
        of file: WeightFile, for pixels: [Float], count: Int
    ) throws -> [[Float]] {
        let graph = try Graph(json: #require(file.model?.graph))
        // A checkpoint's digest covers the text, so it must be the one that Retort writes itself.
        #expect(graph.json.text() == file.model?.graph?.text())
        let network = try Network(
            graph: graph,
            parameters: ParameterArena(graph: graph, tensors: parameters(of: graph, in: file)),
            batchSize: count, purpose: .inference)
        _ = network.input.update(from: pixels)
        try network.forward()
        let classes = graph.classCount
        return (0..<count).map { row in
            Array(network.logits[(row * classes)..<((row + 1) * classes)])
        }
    }

    @Test(arguments: recorded.keys.sorted())
    func importedGraphsGiveTheRecordedLogits(_ name: String) throws {
        let expected = try #require(Self.recorded[name])
        let shape = (expected["input"]?.arrayValue ?? []).compactMap(\.integerValue)
        var pixels = Self.pixels(shape.reduce(1, *))
        if name == "tensorflow" {
            // Recorded with (N, H, W, C).
            let (height, width, channels) = (shape[1], shape[2], shape[3])
            pixels = (0..<pixels.count).map { index in
                let (rest, x) = index.quotientAndRemainder(dividingBy: width)
                let (plane, y) = rest.quotientAndRemainder(dividingBy: height)
                let (row, channel) = plane.quotientAndRemainder(dividingBy: channels)
                return pixels[((row * height + y) * width + x) * channels + channel]
            }
        }
        let file = try WeightFile.open(fixture("onnx/\(name).onnx"))
        var rows = try Self.logits(of: file, for: pixels, count: shape[0])
        if let kind = expected["probabilities"]?.stringValue {
            rows = rows.map { row in
                let sum = row.reduce(0) { $0 + exp($1) }
                return row.map { kind == "log" ? $0 - log(sum) : exp($0) / sum }
            }
        }
        let recorded = (expected["logits"]?.arrayValue ?? []).compactMap(\.doubleValue)
        expectClose(
            rows.flatMap(\.self), recorded.map { Float($0) }, absolute: 1e-5, relative: 1e-5, name)
    }

    @Test(arguments: ["cnn", "papernot-mnist", "resnet20", "mlp"])
    func writtenArchitecturesComeBackAndComputeTheSame(_ name: String) throws {
        try withTemporaryDirectory { folder in
            let shape: Shape = name == "resnet20" ? [3, 16, 16] : [1, 16, 16]
            let graph = try Architecture.graph(
                named: name, imageShape: shape, classCount: 5, mean: [0.5], deviation: [0.25])
            let arena = ParameterArena(graph: graph, seed: 4)
            let entries = arena.tensors().map { WeightEntry(name: $0.name, tensor: $0.tensor) }
            let model = ModelDescription(
                graph: graph.json,
                parameters: Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.name) }))
            let path = folder.appendingPathComponent("m.onnx").path
            try WeightFile.write(
                WeightContent(entries: entries, model: model), as: .onnx, to: path)
            let file = try WeightFile.open(path)
            #expect(file.model?.graph?.text() == graph.json.text())
            let pixels = Self.pixels(2 * shape.elementCount)
            let network = try Network(
                graph: graph, parameters: arena, batchSize: 2, purpose: .inference)
            _ = network.input.update(from: pixels)
            try network.forward()
            #expect(
                try Self.logits(of: file, for: pixels, count: 2).flatMap(\.self)
                    == Array(network.logits))
        }
    }
}
