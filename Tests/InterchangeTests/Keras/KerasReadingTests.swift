// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

/// Files that Keras 3 and h5py wrote.
@Suite struct KerasReadingTests {
    @Test(arguments: [
        ("cnn.weights.h5", WeightFormat.kerasWeights), ("cnn.h5", .kerasLegacy),
        ("cnn-weights.h5", .kerasLegacy), ("residual.weights.h5", .kerasWeights),
        ("residual.h5", .kerasLegacy), ("other.weights.h5", .kerasWeights),
        ("other.h5", .kerasLegacy), ("bf16.weights.h5", .kerasWeights),
        ("many.weights.h5", .kerasWeights), ("tied.weights.h5", .kerasWeights),
        ("tf-model.h5", .kerasLegacy), ("tf-weights.h5", .kerasLegacy), ("plain.h5", .hdf5),
    ])
    func everyTensorIsReadAsItWasWritten(name: String, format: WeightFormat) throws {
        let file = try openKeras(name)
        #expect(file.format == format)
        let expected = try #require(KerasExpectation.all[name]?.tensors)
        let read = file.entries.filter { $0.elementType != nil }
        let numbers = expected.filter { $0.key != "text" }
        #expect(Set(read.map(\.name)).isSuperset(of: numbers.keys))
        for entry in read {
            guard let found = numbers[entry.name] else { continue }
            let tensor = try entry.tensor()
            #expect(tensor.shape.dimensions == found.shape, "\(name) \(entry.name)")
            // Big-endian elements are turned; their hash is of other bytes.
            guard entry.name != "n9/first" else { continue }
            #expect(tensor.plainHash == found.sha256, "\(name) \(entry.name)")
        }
    }

    @Test func contiguousTensorsAreViewsOfTheFile() throws {
        let file = try openKeras("cnn.weights.h5")
        for entry in file.entries { #expect(try entry.tensor().isMapped) }
    }

    @Test func variablesAreNamedByTheirLayers() throws {
        let file = try openKeras("residual.weights.h5")
        let roles = file.roleTexts
        #expect(roles["layers/conv2d/vars/0"] == "first conv kernel")
        #expect(roles["layers/sequential/layers/conv2d/vars/1"] == "net.c_in bias")
        #expect(roles["layers/separable_conv2d/vars/0"] == "sep.depthwise depthwise_kernel")
        #expect(roles["layers/separable_conv2d/vars/1"] == "sep.pointwise kernel")
        #expect(roles["layers/separable_conv2d/vars/2"] == "sep.pointwise bias")
        // Three of four: without a configuration the first is gamma or beta.
        #expect(roles["layers/batch_normalization/vars/0"] == nil)
        #expect(roles["layers/batch_normalization/vars/1"] == "noshift moving_mean")
        #expect(file.remarks.contains { $0.contains("gamma or beta of 'noshift'") })
        #expect(file.remarks.contains { $0.contains("gamma or beta of 'net.norm'") })
    }

    @Test func fourAndTwoVariablesOfANormalizationAreCertain() throws {
        let roles = try openKeras("cnn.weights.h5").roleTexts
        #expect(roles["layers/batch_normalization/vars/0"] == "norm gamma")
        #expect(roles["layers/batch_normalization/vars/3"] == "norm moving_variance")
        #expect(roles["layers/batch_normalization_1/vars/0"] == "plain moving_mean")
        let file = try openKeras("cnn.weights.h5")
        #expect(file["layers/depthwise_conv2d/vars/0"]?.role?.kind == .depthwiseConvolution)
    }

    @Test func theConfigurationTellsGammaFromBeta() throws {
        let roles = try openKeras("residual.h5").roleTexts
        #expect(roles["model_weights/noshift/noshift/gamma"] == "noshift gamma")
        #expect(roles["model_weights/net/net/norm/beta"] == "net.norm beta")
        #expect(roles["model_weights/sep/sep/pointwise_kernel"] == "sep.pointwise kernel")
    }

    @Test func recurrentAndOtherClassesKeepTheirNames() throws {
        let file = try openKeras("other.weights.h5")
        #expect(file["layers/conv2d_transpose/vars/0"]?.role?.kind == .transposedConvolution)
        let recurrent = try #require(file["layers/lstm/cell/vars/1"]?.role)
        #expect(recurrent.layer == "lstm")
        #expect(recurrent.kind == .other("lstm"))
        #expect(recurrent.parameter == .other("recurrent_kernel"))
        #expect(file["layers/layer_normalization/vars/0"]?.role?.parameter == .scale)
        #expect(file["optimizer/vars/0"]?.role == nil)
        #expect(file["optimizer/vars/0"]?.elementType == .i32)

        let legacy = try openKeras("other.h5")
        let kernel = try #require(legacy["model_weights/lstm/lstm/lstm_cell/kernel"]?.role)
        #expect(kernel.layer == "lstm")
        #expect(kernel.kind == .other("lstm"))
    }

    @Test func numbersAreOrderedAsNumbers() throws {
        let names = try openKeras("many.weights.h5").entries.map(\.name)
        #expect(
            names.firstIndex(of: "layers/dense_2/vars/0")! < names.firstIndex(
                of: "layers/dense_10/vars/0")!)
        let other = try openKeras("other.weights.h5").entries.map(\.name)
        #expect(other.last == "optimizer/vars/10")
    }

    @Test func legacyEntriesStandInTheOrderOfTheirLists() throws {
        let names = try openKeras("tf-model.h5").entries.map(\.name)
        #expect(
            names
                == [
                    "conv2d/conv2d/kernel:0", "conv2d/conv2d/bias:0",
                    "batch_normalization/batch_normalization/gamma:0",
                    "batch_normalization/batch_normalization/beta:0",
                    "batch_normalization/batch_normalization/moving_mean:0",
                    "batch_normalization/batch_normalization/moving_variance:0",
                    "dense/dense/kernel:0", "dense/dense/bias:0",
                ].map { "model_weights/" + $0 })
        let roles = try openKeras("tf-weights.h5").roleTexts
        #expect(roles["conv2d/conv2d/kernel:0"] == "conv2d kernel")
        #expect(
            roles["batch_normalization/batch_normalization/gamma:0"] == "batch_normalization gamma")
        #expect(roles.count == 8)
        // Keras 3 puts the model's name before the layer's.
        let nested = try openKeras("cnn-weights.h5").roleTexts
        #expect(nested["hidden/cnn/hidden/kernel"] == "hidden kernel")
    }

    @Test func bfloat16IsReadAsSuch() throws {
        let file = try openKeras("bf16.weights.h5")
        #expect(file.entries.allSatisfy { $0.elementType == .bf16 })
    }

    @Test func hardLinksAreTies() throws {
        let tied = try openKeras("tied.weights.h5")
        #expect(tied["layers/dense_1/vars/0"]?.sharedWith == "layers/dense/vars/0")
        #expect(tied["layers/dense/vars/0"]?.sharedWith == nil)
        let plain = try openKeras("plain.h5")
        #expect(plain["tied"]?.sharedWith == "kinds/f4")
    }

    @Test func plainFilesShowWhatIsNoTensor() throws {
        let file = try openKeras("plain.h5")
        let text = try #require(file["text"])
        #expect(text.elementType == nil)
        #expect(throws: InterchangeError.self) { try text.tensor() }
        #expect(file["scalar"]?.shape == .scalar)
        #expect(file["empty"]?.shape == [0, 4])
        #expect(file["kinds/bool"]?.elementType == .bool)
        #expect(try file["n9/first"]?.tensor().floats() == [0, 1, 2])
        #expect(file.remarks.contains { $0.contains("'soft' is a soft link to '/scalar'") })
        #expect(file.metadata["note"] == "made by h5py")
        #expect(file.metadata["count"] == 3)
        let names = file.entries.map(\.name)
        #expect(names.firstIndex(of: "n9/first")! < names.firstIndex(of: "n10/packed")!)
    }

    @Test func aStoreIsNoWeightFile() throws {
        let error = #expect(throws: InterchangeError.self) {
            try HDF5Tree.openFile(fixture("store/sample.h5"))
        }
        #expect(error?.description.contains("a Retort store") == true)
    }

    @Test func groupsAreNamedAsKerasNamesThem() {
        let names = [
            "Conv2D": "conv2d", "ReLU": "re_lu", "LSTM": "lstm", "PReLU": "p_re_lu",
            "GlobalAveragePooling2D": "global_average_pooling2d", "LeakyReLU": "leaky_re_lu",
            "Conv2DTranspose": "conv2d_transpose", "MultiHeadAttention": "multi_head_attention",
            "BatchNormalization": "batch_normalization", "MyBlock": "my_block",
            "UpSampling2D": "up_sampling2d", "RNN": "rnn", "HTTPServer": "http_server",
        ]
        for (className, group) in names { #expect(KerasNaming.snakeCase(className) == group) }
    }
}
