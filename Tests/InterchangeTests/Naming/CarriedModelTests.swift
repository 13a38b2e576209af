// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing

@testable import Interchange

/// A model's structure and rich metadata travel through formats that keep nothing but text.
@Suite struct CarriedModelTests {
    private let graph: JSON = ["nodes": [["name": "input", "op": "input"]]]
    private let metadata: [String: JSON] = [
        "note": "as it is", "epoch": 3, "metrics": ["accuracy": 0.5], "list": [1, 2],
    ]

    private var model: ModelDescription {
        ModelDescription(
            graph: graph,
            parameters: ["conv1.weight": "conv1/weight", "layers/conv2d/vars/1": "conv1/bias"],
            source: ["class_name": "Sequential"])
    }

    @Test(arguments: [
        WeightFormat.safetensors, .onnx, .npz, .hdf5, .kerasWeights, .pytorch, .kerasArchive,
        .kerasLegacy,
    ])
    func everythingComesBack(format: WeightFormat) throws {
        let written = CarriedModel.metadata(
            metadata, carrying: model, layout: .keras, in: format)
        if format != .pytorch {
            #expect(written.values.allSatisfy { $0.stringValue != nil }, "text and nothing else")
        }
        let contents = CarriedModel.contents(of: written)
        #expect(contents.metadata == metadata)
        let hasOwnConfiguration = format == .kerasArchive || format == .kerasLegacy
        #expect(contents.configuration == (hasOwnConfiguration ? nil : model.source))
        guard !hasOwnConfiguration, format != .onnx else {
            #expect(contents.graph == nil, "the format has its own")
            return
        }
        #expect(contents.graph == graph)
        #expect(contents.parameters == ["layers/conv2d/vars/1": "conv1/bias"])
        #expect(contents.layout == .keras)
    }

    @Test func hdf5AttributesCannotPoseAsAnotherFormat() {
        let written = CarriedModel.metadata(
            ["format": "retort-store"], carrying: nil, layout: .pytorch, in: .hdf5)
        #expect(written["format"] == nil)
        #expect(CarriedModel.contents(of: written).metadata["format"] == "retort-store")
    }

    @Test func foreignValuesUnderTheKeysStay() {
        let metadata: [String: JSON] = [
            "retort_graph": "not JSON", "retort_layout": "sideways", "retort_metadata": "[1]",
            "keras_config": 5,
        ]
        let contents = CarriedModel.contents(of: metadata)
        #expect(contents.metadata == metadata)
        #expect(contents.graph == nil && contents.configuration == nil)
        #expect(contents.layout == .pytorch)
    }

    @Test func packedMetadataCannotReplaceWhatStandsInTheOpen() {
        let contents = CarriedModel.contents(of: [
            "note": "open", "retort_metadata": #"{"note":"packed","retort_graph":{},"x":1}"#,
        ])
        #expect(contents.metadata == ["note": "open", "x": 1])
        #expect(contents.graph == nil)
    }
}
