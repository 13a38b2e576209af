// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Interchange

/// Configurations as graphs: what Keras computed, the graph computes.
@Suite struct KerasGraphTests {
    @Test(arguments: ["cnn.h5", "residual.h5", "tf-model.h5"])
    func graphsGiveKerasLogits(name: String) throws {
        let file = try openKeras(name)
        #expect(file.model?.graph != nil, "\(file.model?.notes ?? [])")
        try expectKerasLogits(file, name)
    }

    @Test func asymmetricPaddingIsOnTheLastSides() throws {
        let nodes = try #require(try openKeras("cnn.h5").model?.graph?["nodes"]?.arrayValue)
        let stride = try #require(nodes.first { $0["name"] == "stride" })
        // (3, 3) pixels, kernel 3, stride 2: one zero on each side; over a width of 3 as well.
        #expect(stride["attributes"]?["padding"] == [1, 1])
        let deep = try #require(nodes.first { $0["name"] == "deep" })
        #expect(deep["attributes"]?["padding"] == [0, 1, 1, 1])
        #expect(deep["attributes"]?["groups"] == 4)
        let plain = try #require(nodes.first { $0["name"] == "plain" })
        #expect(plain["attributes"]?["epsilon"] == 0.01)
        #expect(plain["attributes"]?["momentum"] == 0.2)
    }

    @Test func nodesAreNamedAfterLayersInNamesThatStoresTake() throws {
        let file = try openKeras("residual.h5")
        let model = try #require(file.model)
        #expect(
            model.parameters["model_weights/first conv/first conv/kernel"] == "first_conv/weight")
        #expect(model.parameters["model_weights/net/net/c_in/kernel"] == "net.c_in/weight")
        #expect(
            model.parameters["model_weights/sep/sep/depthwise_kernel"] == "sep.depthwise/weight")
        #expect(model.implied["net.norm/weight"] == Tensor([1, 1, 1, 1], shape: [4]))
        #expect(model.implied["noshift/bias"] == Tensor([0, 0, 0, 0, 0, 0], shape: [6]))
        #expect(model.implied.count == 2)
    }

    @Test func denseKernelsKnowTheImageTheyWereFlattenedFrom() throws {
        let file = try openKeras("cnn.h5")
        let hidden = file["model_weights/hidden/cnn/hidden/kernel"]?.role?.flatten
        #expect(hidden == ParameterRole.FlattenOrigin(height: 2, width: 2, channels: 5))
        let out = try #require(file["model_weights/out/cnn/out/kernel"]?.role)
        #expect(out.flatten == nil)
        #expect(file.model?.notes.contains { $0.contains("softmax is left out") } == true)
    }

    @Test func whatIsNotUnderstoodIsNamed() throws {
        let model = try #require(try openKeras("other.h5").model)
        #expect(model.graph == nil)
        #expect(model.notes == ["layer 'up' (Conv2DTranspose) was not understood"])
    }

    @Test(arguments: [
        (
            #"{"class_name": "Lambda", "config": {"name": "l", "function": ["4wEAAA==", null, null]}}"#,
            "(Lambda)"
        ),
        (
            #"{"class_name": "Conv2D", "config": {"name": "l", "filters": 2, "kernel_size": 3, "dilation_rate": 2}}"#,
            "dilated"
        ),
        (
            #"{"class_name": "Conv2D", "config": {"name": "l", "filters": 2, "kernel_size": 30}}"#,
            "does not fit"
        ),
        (
            #"{"class_name": "Conv2D", "config": {"name": "l", "filters": 9223372036854775807, "kernel_size": 3}}"#,
            "filters"
        ),
        (#"{"class_name": "Dense", "config": {"name": "l", "units": 3}}"#, "takes vectors"),
        (#"{"class_name": "Activation", "config": {"name": "l", "activation": "gelu"}}"#, "'gelu'"),
        (#"{"class_name": "BatchNormalization", "config": {"name": "l", "axis": 1}}"#, "axis 1"),
        (#"{"class_name": "ReLU", "config": {"name": "l", "max_value": 6}}"#, "maximum"),
        (
            #"{"class_name": "ZeroPadding2D", "config": {"name": "l", "padding": 1}}"#,
            "padding layer"
        ),
        (#"{"class_name": "Rescaling", "config": {"name": "l", "scale": 0}}"#, "scale"),
    ])
    func layersThatNoGraphHoldsAreNamed(layer: String, word: String) throws {
        let json = try JSON(
            parsing: """
                {"class_name": "Sequential", "config": {"name": "m", "layers": [
                {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [null, 8, 8, 2]}},
                \(layer)]}}
                """)
        let model = try #require(KerasConfig(json: json).model)
        var graph = KerasGraph(isChannelsLast: true, values: { _ in nil })
        let refusal = #expect(throws: KerasGraph.Refusal.self) { try graph.build(model) }
        #expect(refusal?.reason.contains(word) == true, "\(refusal?.reason ?? "")")
    }

    @Test func channelsFirstIsUnderstood() throws {
        let json = try JSON(
            parsing: """
                {"class_name": "Sequential", "config": {"name": "m", "layers": [
                {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [null, 2, 8, 6]}},
                {"class_name": "Conv2D", "config": {"name": "c", "filters": 3, "kernel_size": [3, 2],
                 "data_format": "channels_first"}},
                {"class_name": "BatchNormalization", "config": {"name": "b", "axis": 1}},
                {"class_name": "Flatten", "config": {"name": "f", "data_format": "channels_first"}},
                {"class_name": "Dense", "config": {"name": "d", "units": 4}}]}}
                """)
        let model = try #require(KerasConfig(json: json).model)
        var graph = KerasGraph(
            isChannelsLast: KerasGraph.isChannelsLast(model) ?? true, values: { _ in nil })
        try graph.build(model)
        #expect(graph.nodes[0]["attributes"]?["shape"] == [2, 8, 6])
        #expect(
            graph.flattened["d"] == ParameterRole.FlattenOrigin(height: 6, width: 5, channels: 3))
    }
}

/// Expects the file's graph to give the logits that Keras gave, up to what a softmax hides.
func expectKerasLogits(
    _ file: WeightFile, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let expected = try #require(KerasExpectation.all[name])
    let input = try #require(expected.input), logits = try #require(expected.logits)
    let count = try #require(expected.input_shape)[0]
    let interpreter = try #require(GraphInterpreter(file), sourceLocation: sourceLocation)
    for row in 0..<count {
        let size = input.count / count, classes = logits.count / count
        var found = try interpreter.logits(of: Array(input[(row * size)..<((row + 1) * size)]))
        let wanted = Array(logits[(row * classes)..<((row + 1) * classes)])
        if file.model?.notes.contains(where: { $0.contains("softmax") }) == true {
            let mean = found.reduce(0, +) / Float(classes)
            found = found.map { $0 - mean }
        }
        expectClose(
            found, wanted, absolute: 1e-5, relative: 1e-5, name, sourceLocation: sourceLocation)
    }
}
