// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Interchange

/// Graphs rebuilt from operators; that they compute the same is tested where graphs run.
struct ONNXImportTests {
    private func model(_ name: String) throws -> ModelDescription {
        try #require(try WeightFile.open(ONNXFixture.named(name).path).model)
    }

    /// `name:op` of every node.
    private func layers(_ model: ModelDescription) -> [String] {
        (model.graph?["nodes"]?.arrayValue ?? []).map {
            ($0["name"]?.stringValue ?? "") + ":" + ($0["op"]?.stringValue ?? "")
        }
    }

    private func node(_ name: String, _ model: ModelDescription) -> JSON? {
        model.graph?["nodes"]?.arrayValue?.first { $0["name"]?.stringValue == name }
    }

    @Test func layersAreCalledAsInPyTorch() throws {
        let model = try model("torch-plain")
        #expect(model.notes == [])
        #expect(
            layers(model) == [
                "input:input", "conv1:conv2d", "norm:batch_norm", "Relu:relu", "MaxPool:max_pool",
                "conv2:conv2d", "LeakyRelu:leaky_relu", "Flatten:flatten", "fc1:dense", "Tanh:tanh",
                "fc2:dense",
            ])
        #expect(model.parameters["conv1.weight"] == "conv1/weight")
        #expect(model.parameters["norm.running_var"] == "norm/running_var")
        #expect(model.parameters.count == 10)
        #expect(
            node("norm", model)?["attributes"] == ["epsilon": 0.001, "momentum": 0.1])
        #expect(node("conv2", model)?["attributes"]?["groups"] == 6)
        // Five columns pooled by two, rounded up: a padding on the right.
        #expect(node("MaxPool", model)?["attributes"]?["padding"] == [0, 0, 0, 1])
    }

    @Test func foldedModelsAndOldOperatorSetsAreUnderstood() throws {
        let folded = try model("torch-folded")
        #expect(layers(folded).prefix(3) == ["input:input", "conv1:conv2d", "Relu:relu"])
        #expect(folded.parameters["onnx::Conv_24"] == "conv1/weight")
        // A linear layer without bias is exported as a product with (in, out) weights.
        #expect(folded.parameters["onnx::MatMul_26"] == "fc2/weight")
        let file = try WeightFile.open(ONNXFixture.named("torch-folded").path)
        #expect(file["onnx::MatMul_26"]?.role?.layout == .keras)
        #expect(file["fc1.weight"]?.role?.layout == .pytorch)
        #expect(
            file["fc1.weight"]?.role?.flatten
                == ParameterRole.FlattenOrigin(height: 2, width: 1, channels: 6))
        #expect(try layers(model("torch-opset9")) == layers(model("torch-plain")))
    }

    @Test func residualBranchesComputedShapesAndNormalisationAreUnderstood() throws {
        let model = try model("torch-residual")
        #expect(layers(model).contains("stem:conv2d"))
        #expect(layers(model).contains { $0.hasSuffix(":normalize") })
        #expect(layers(model).contains { $0.hasSuffix(":add") })
        #expect(layers(model).contains { $0.hasSuffix(":concat") })
        #expect(layers(model).filter { $0.hasSuffix(":global_avg_pool") }.count == 2)
        #expect(layers(model).last == "fc:dense")
        #expect(model.notes == ["'/LogSoftmax' at the end is left out, since a graph gives logits"])
    }

    @Test func channelsLastModelsBecomeChannelsFirst() throws {
        let file = try WeightFile.open(ONNXFixture.named("tensorflow").path)
        let model = try #require(file.model)
        #expect(
            layers(model) == [
                "x:input", "conv:conv2d", "model.relu.r:relu", "model.reshape.f:flatten",
                "dense:dense",
            ])
        #expect(node("x", model)?["attributes"]?["shape"] == [2, 8, 6])
        #expect(node("conv", model)?["attributes"]?["padding"] == [0, 0, 1, 1])
        #expect(node("conv", model)?["attributes"]?["bias"] == true)
        let kernel = try #require(file["dense/kernel"]?.role)
        #expect(kernel.layout == .keras)
        #expect(
            kernel.flatten == ParameterRole.FlattenOrigin(height: 4, width: 3, channels: 5))
        // The bias has axes of 1 that the parameter lacks.
        #expect(model.implied["conv/bias"]?.shape == [5])
        #expect(
            model.notes == [
                "the model takes (N, H, W, C), the graph (N, C, H, W)",
                "'model/softmax/y' at the end is left out, since a graph gives logits",
            ])
    }

    @Test func constantsPaddingAndTransposedWeightsAreUnderstood() throws {
        let file = try WeightFile.open(ONNXFixture.named("constants").path)
        let model = try #require(file.model)
        #expect(file.entries.map(\.name) == ["fc", "weights"])
        #expect(
            layers(model) == [
                "x:input", "model.mul.n:normalize", "model.conv.c:conv2d", "model.relu.r:relu",
                "model.maxpool.m:max_pool", "model.dropout.drop:dropout",
                "model.globalaveragepool.g:global_avg_pool", "model.squeeze.v:flatten",
                "model.matmul.z:dense",
            ])
        #expect(
            node("model.mul.n", model)?["attributes"]
                == ["mean": [0.5, 0.25, 0.125], "std": [0.25]])
        #expect(node("model.conv.c", model)?["attributes"]?["padding"] == [1, 0, 0, 2])
        #expect(node("model.maxpool.m", model)?["attributes"]?["padding"] == [0, 0, 1, 1])
        #expect(file["fc"]?.role?.layout == .pytorch)
    }

    @Test func aTensorOfTwoLayersIsTheFirstOnesAndViewedByTheSecond() throws {
        let model = try model("half")
        #expect(model.parameters == ["shared": "model.gemm.h/weight", "b": "model.gemm.h/bias"])
        #expect(model.implied["model.gemm.y/weight"]?.shape == [6, 6])
        #expect(model.implied["model.gemm.y/weight"]?.isMapped == true)
    }

    @Test(arguments: ONNXFixture.all)
    func whatIsNotUnderstoodIsNamed(_ fixture: ONNXFixture) throws {
        let model = try model(fixture.name)
        if let note = fixture.expected["note"]?.stringValue {
            #expect(model.graph == nil)
            #expect(model.notes == [note])
            #expect(model.parameters.isEmpty)
        } else if fixture.expected["logits"] != nil {
            #expect(model.graph != nil, "\(model.notes)")
        }
    }
}
