// SPDX-License-Identifier: Apache-2.0

import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

@testable import Interchange

/// What is written is read back: tensors, names, roles, graphs. That Keras reads it too,
/// `tools/interop` shows.
@Suite struct KerasWritingTests {
    /// Writes `file` as `format` and opens what was written.
    private func rewritten(
        _ content: WeightContent, as format: WeightFormat,
        _ body: (WeightFile, String) throws -> Void
    ) throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("model").path
            try WeightFile.write(content, as: format, to: path)
            #expect(WeightFile.problemsOrEmpty(path).isEmpty)
            try body(try WeightFile.open(path), path)
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(left == ["model"])
        }
    }

    @Test(arguments: [
        "cnn.weights.h5", "residual.weights.h5", "other.weights.h5", "bf16.weights.h5",
        "many.weights.h5", "tied.weights.h5",
    ])
    func weightsKeepTheirPathsValuesAndNames(name: String) throws {
        let source = try openKeras(name)
        try rewritten(source.contents(), as: .kerasWeights) { file, _ in
            #expect(file.entries.map(\.name) == source.entries.map(\.name))
            #expect(file.entries.map(\.sharedWith) == source.entries.map(\.sharedWith))
            for (found, expected) in zip(file.entries, source.entries) {
                let digest = try expected.tensor().digest()
                #expect(try found.tensor().digest() == digest)
                #expect(found.digest == digest)
                #expect(found.sourceName == nil)
            }
            #expect(file.roleTexts == source.roleTexts)
        }
    }

    @Test(arguments: [
        "cnn.h5", "cnn-weights.h5", "residual.h5", "other.h5", "tf-model.h5", "tf-weights.h5",
    ])
    func legacyFilesKeepTheirPathsListsAndConfiguration(name: String) throws {
        let source = try openKeras(name)
        try rewritten(source.contents(), as: .kerasLegacy) { file, path in
            #expect(file.format == .kerasLegacy)
            let weights = { (file: WeightFile) in
                file.entries.map(\.name).filter { !$0.hasPrefix("optimizer") }
            }
            #expect(weights(file) == weights(source))
            for entry in file.entries {
                let expected = try #require(source[entry.name]).tensor()
                #expect(try entry.tensor() == expected, "\(entry.name)")
            }
            #expect(file.roleTexts == source.roleTexts)
            #expect(file.model?.source == source.model?.source)
            let layers = try KerasNameLists(HDF5File(path: path), path: path).layerNames
            let own = try KerasNameLists(HDF5File(path: keras(name)), path: "").layerNames
            if source.model != nil { #expect(layers.filter { own.contains($0) } == own) }
        }
    }

    @Test(arguments: ["cnn", "residual"])
    func modelsGoFromOneFormToTheOthers(stem: String) throws {
        let archive = try openKeras(stem + ".keras")
        let plain = try openKeras(stem + ".weights.h5")
        #expect(archive.entries.map(\.name) == plain.entries.map(\.name))
        #expect(archive.model?.graph != nil, "\(archive.model?.notes ?? [])")
        try expectKerasLogits(archive, stem + ".keras")
        for (format, source) in [
            (WeightFormat.kerasLegacy, archive), (.kerasArchive, try openKeras(stem + ".h5")),
        ] {
            try rewritten(source.contents(), as: format) { file, _ in
                #expect(file.format == format)
                try expectKerasLogits(file, stem + ".keras")
                let names = { (file: WeightFile) in
                    Set(
                        file.roleTexts.values.map {
                            $0.replacing("depthwise_kernel", with: "kernel")
                        })
                }
                #expect(names(file) == names(archive))
                // The way back leads to the same names.
                try rewritten(file.contents(), as: source.format) { back, _ in
                    let own = Set(source.entries.map(\.name))
                    #expect(Set(back.entries.map { $0.sourceName ?? $0.name }).count == own.count)
                    try expectKerasLogits(back, stem + ".keras")
                }
            }
        }
    }

    @Test func archivesKeepTheirPathsAndMetadata() throws {
        let source = try openKeras("residual.keras")
        try rewritten(source.contents(), as: .kerasArchive) { file, path in
            #expect(file.entries.map(\.name) == source.entries.map(\.name))
            #expect(file.model?.source == source.model?.source)
            #expect(file.metadata["date_saved"] == source.metadata["date_saved"])
            for entry in file.entries { #expect(try entry.tensor().isMapped) }
            let archive = try ZipArchive(ByteRegion(mappingFile: path), path: path)
            #expect(
                archive.members.map(\.name) == ["metadata.json", "config.json", "model.weights.h5"])
            for member in archive.members { #expect(member.isStored) }
            #expect(archive.members[2].range.lowerBound % 64 == 0)
        }
    }

    /// A graph of Retort's own becomes layers of Keras, and those a graph again.
    @Test(arguments: ["cnn.h5", "residual.h5", "tf-model.h5"])
    func graphsBecomeConfigurations(name: String) throws {
        var content = try openKeras(name).contents()
        content.model?.source = nil
        // As a store gives it: every parameter of the graph, the implied ones too.
        for (parameter, tensor) in content.model?.implied ?? [:] {
            content.entries.append(WeightEntry(name: parameter, tensor: tensor))
            content.model?.parameters[parameter] = parameter
        }
        for format in [WeightFormat.kerasArchive, .kerasLegacy] {
            try rewritten(content, as: format) { file, _ in
                #expect(file.model?.graph != nil, "\(file.model?.notes ?? [])")
                let interpreter = try #require(GraphInterpreter(file))
                let expected = try #require(KerasExpectation.all[name])
                let input = try #require(expected.input), logits = try #require(expected.logits)
                let classes = logits.count / 2
                var found = try interpreter.logits(of: Array(input.prefix(input.count / 2)))
                if name != "residual.h5" {
                    let mean = found.reduce(0, +) / Float(classes)
                    found = found.map { $0 - mean }
                }
                expectClose(found, Array(logits.prefix(classes)), absolute: 1e-5, "\(name)")
            }
        }
    }

    /// Weights of a legacy file without its model: classes told by names and by shapes.
    @Test func rolesAloneAreNumberedByClass() throws {
        let source = try openKeras("cnn-weights.h5")
        try rewritten(source.contents(), as: .kerasWeights) { file, _ in
            let expected = try openKeras("cnn.weights.h5")
            // A convolution without a bias may be of several classes, so it stays out.
            let isCertain = { (name: String) in !name.hasPrefix("layers/conv2d_1/") }
            for entry in expected.entries where isCertain(entry.name) {
                let found = try #require(file[entry.name], "\(entry.name)")
                #expect(try found.tensor() == entry.tensor())
                #expect(found.role == entry.role)
            }
        }
        #expect(source["stride/cnn/stride/kernel"]?.role?.kind == .other("stride"))
        #expect(source["deep/cnn/deep/kernel"]?.role?.kind == .depthwiseConvolution)
    }

    @Test(arguments: [WeightFormat.kerasWeights, .kerasLegacy, .hdf5])
    func anyNamesComeBack(format: WeightFormat) throws {
        let names = [
            "conv1.weight", "conv1.bias", "a/b", "plain", "..", "x y", "blöck.0.w", "vars",
            "layers", "optimizer", "conv1", "model_weights.kernel",
        ]
        let usable = format == .hdf5 ? names.filter { $0 != ".." } : names
        let entries = usable.enumerated().map { index, name in
            WeightEntry(name: name, tensor: Tensor([Float(index), 1], shape: [2]))
        }
        let content = WeightContent(
            entries: entries, metadata: ["note": "kept", "format": "retort-store", "n": 3])
        try rewritten(content, as: format) { file, _ in
            #expect(file.format == format)
            #expect(Set(file.entries.map { $0.sourceName ?? $0.name }) == Set(usable))
            for entry in file.entries {
                let name = entry.sourceName ?? entry.name
                let expected = Float(try #require(usable.firstIndex(of: name)))
                #expect(try entry.tensor().floats() == [expected, 1])
            }
            #expect(file.metadata["note"] == "kept")
            #expect(file.metadata["n"] == 3)
        }
    }

    @Test func everyElementTypeIsWritten() throws {
        let entries = ElementType.allCases.enumerated().map { index, type in
            WeightEntry(
                name: "t\(index)",
                tensor: try! Tensor(type, shape: [3]) { bytes in
                    for position in bytes.indices {
                        bytes[position] = UInt8(type == .bool ? position % 2 : position)
                    }
                })
        }
        for format in [WeightFormat.hdf5, .kerasWeights, .kerasLegacy] {
            try rewritten(WeightContent(entries: entries), as: format) { file, _ in
                for entry in entries {
                    let found = try #require(
                        file.entries.first { ($0.sourceName ?? $0.name) == entry.name })
                    #expect(try found.tensor() == entry.tensor(), "\(format) \(entry.typeName)")
                }
            }
        }
    }

    @Test func listsTooLongForOneAttributeAreSplit() throws {
        let entries = (0..<4_500).map { index in
            WeightEntry(name: "l\(index).w", tensor: Tensor([Float(index)], shape: [1]))
        }
        try rewritten(WeightContent(entries: entries), as: .kerasLegacy) { file, path in
            #expect(file.entries.count == 4_500)
            #expect(try file.entries[4_400].tensor().floats() == [4_400])
            let root = try HDF5File(path: path).root
            #expect(root.attribute("layer_names") == nil)
            #expect(root.attribute("layer_names1")?.shape == [500])
        }
    }

    @Test func longConfigurationsAreWritten() throws {
        let layers = (0..<600).map { index -> JSON in
            [
                "class_name": "Activation",
                "config": [
                    "name": .string("a\(index)"), "activation": "relu",
                    "note": .string(String(repeating: "x", count: 100)),
                ],
            ]
        }
        let input: JSON = [
            "class_name": "InputLayer", "config": ["name": "i", "batch_shape": [nil, 2]],
        ]
        let source: JSON = [
            "class_name": "Sequential",
            "config": ["name": "m", "layers": .array([input] + layers)],
        ]
        let content = WeightContent(entries: [], model: ModelDescription(source: source))
        try rewritten(content, as: .kerasLegacy) { file, _ in
            #expect(source.text().utf8.count > 64_000)
            #expect(file.model?.source == source)
        }
    }

    @Test func whatKerasCannotLoadIsNotWritten() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x.keras").path
            let entry = WeightEntry(name: "a", tensor: Tensor([1], shape: [1]))
            let bare = #expect(throws: InterchangeError.self) {
                try WeightFile.write(WeightContent(entries: [entry]), as: .kerasArchive, to: path)
            }
            #expect(bare?.description.contains("needs the model's structure") == true)
            var content = try openKeras("cnn.keras").contents()
            content.entries.removeAll { $0.name == "layers/dense_1/vars/1" }
            let missing = #expect(throws: InterchangeError.self) {
                try WeightFile.write(content, as: .kerasArchive, to: path)
            }
            #expect(missing?.description.contains("needs bias of layer 'out'") == true)
            let twice = WeightContent(entries: [
                WeightEntry(name: "a", tensor: Tensor([1], shape: [1])),
                WeightEntry(name: "a/b", tensor: Tensor([1], shape: [1])),
            ])
            #expect(throws: InterchangeError.self) {
                try WeightFile.write(twice, as: .hdf5, to: path)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        }
    }
}

extension WeightFile {
    /// The problems of a file that can be read.
    static func problemsOrEmpty(_ path: String) -> [FileProblem] {
        (try? problems(path, full: true)) ?? [FileProblem(object: "", problem: "unreadable")]
    }
}
