// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

/// Files made to harm or mislead (`Fixtures/keras/make_hostile.py`): refused or inert, and named.
@Suite struct KerasHostileTests {
    /// What is said of a file: the error, else remarks, notes and problems.
    private func said(of name: String) -> String {
        let path = keras("hostile/" + name)
        var texts = WeightFile.problemsOrEmpty(path).map(\.description)
        do throws(InterchangeError) {
            let file = try WeightFile.open(path)
            texts += file.remarks + (file.model?.notes ?? [])
            for entry in file.entries {
                do throws(InterchangeError) { _ = try entry.tensor() } catch {
                    texts.append(error.description)
                }
            }
        } catch {
            texts.append(error.description)
        }
        return texts.joined(separator: "\n")
    }

    @Test(arguments: [
        ("lambda-bytecode.keras", "Lambda layer 'evil' holds code, which is not evaluated"),
        ("lambda-bytecode.keras", "a lambda function holds compiled code"),
        ("lambda-marshal.h5", "Lambda layer 'evil' holds code, which is not evaluated"),
        ("module-import.keras", "module 'os', which is not imported"),
        ("custom-class.keras", "module 'subprocess', which is not imported"),
        ("custom-class.keras", "class 'Popen', whose layers only its code knows"),
        ("deep-json.keras", "more than 128 levels"),
        ("wide-json.keras", "more than 150000 objects"),
        ("nested-models.keras", "models are nested more than 16 deep"),
        ("duplicate-layers.keras", "two layers are called 'dense'"),
        ("cycle.keras", "that waits for it"),
        ("wrong-shapes.keras", "kernel has the shape (2, 3), the model expects (2, 300)"),
        ("huge-units.keras", "4611686018427387904 units"),
        ("huge-image.keras", "would have the shape [16777216, 16777216, 16777216]"),
        ("doubling.keras", "would have the shape"),
        ("traversal.keras", "../../etc/evil"),
        ("two-configs.keras", "config.json"),
        ("no-weights.keras", "model.weights.npz"),
        ("deflate-bomb.keras", "to 20000000 bytes"),
        ("external-link.weights.h5", "an external link to '/x' in the file '/etc/passwd'"),
        ("soft-link.weights.h5", "a soft link to '/layers/dense_1/vars/0'"),
        ("external-storage.weights.h5", "external storage, which is not read"),
        ("shape-bomb.weights.h5", "but only 0 are stored"),
        ("extra-variable.weights.h5", "layers/dense/vars/note: is no numbered variable"),
        ("gap.weights.h5", "has the number 7 among 2 variables"),
        ("dtype-trap.weights.h5", "an attribute 'dtype' of 'bfloat16'"),
        ("many-paths.weights.h5", "hard links make more than"),
        ("named-but-missing.h5", "a/a/none:0: is in 'weight_names' and is no dataset"),
        ("named-but-missing.h5", "gone: is in 'layer_names' and is no group"),
        ("named-but-missing.h5", "a/a/unnamed:0: is in no list, so nothing loads it"),
        ("names-twice.h5", "a: stands twice in 'layer_names'"),
        ("names-twice.h5", "a/k: stands twice in 'weight_names'"),
        ("names-are-numbers.h5", "not text"),
        ("names-reach-out.h5", "../..: is in 'layer_names' and is no group"),
    ])
    func everyTrickIsNamed(name: String, sentence: String) {
        let text = said(of: name)
        #expect(text.contains(sentence), "\(name): \(text)")
    }

    @Test func everyHostileFileIsListedHere() throws {
        let folder = keras("hostile")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(files.count >= 28)
        for file in files { #expect(!said(of: file).isEmpty, "\(file)") }
    }

    @Test func aShardIndexOfKerasIsNamed() throws {
        let text = #"{"metadata": {}, "weight_map": {"/layers/a/vars": "m_00000.weights.h5"}}"#
        let region = Array(text.utf8).withUnsafeBytes { ByteRegion(copying: $0) }
        let error = #expect(throws: InterchangeError.self) {
            try WeightFormat.recognise(region, path: "m.weights.json")
        }
        #expect(error?.description.contains("a Keras model in shards") == true)
    }

    /// The layers that are understood are read all the same.
    @Test func tensorsComeOutBesideCode() throws {
        let file = try WeightFile.open(keras("hostile/lambda-bytecode.keras"))
        #expect(file.entries.count == 4)
        #expect(try file["layers/dense/vars/1"]?.tensor().floats() == [1, 1, 1])
        #expect(file["layers/dense/vars/1"]?.role?.layer == "dense")
        #expect(file.model?.graph == nil)
    }
}

/// Cut and changed files may be refused or read as something else; they never crash or hang.
@Suite struct KerasMutationTests {
    private func accepts(_ region: ByteRegion) -> Bool {
        do throws(InterchangeError) {
            let format = try WeightFormat.recognise(region, path: "x")
            let codec = try format.codec(path: "x")
            let file = try codec.open(region, path: "x")
            for entry in file.entries where entry.byteCount < 1 << 20 { _ = try? entry.tensor() }
            _ = codec.problems(region, path: "x", full: true)
            _ = KerasDoctor.prognosis(of: file)
            return true
        } catch {
            return false
        }
    }

    @Test(arguments: ["tf-weights.h5", "bf16.weights.h5"])
    func everyTruncationIsRefused(name: String) throws {
        let whole = try ByteRegion(mappingFile: keras(name))
        for count in 0..<whole.count {
            let cut = ByteRegion(copying: UnsafeRawBufferPointer(rebasing: whole.bytes[..<count]))
            #expect(!accepts(cut), "\(name) cut to \(count)")
        }
    }

    @Test(arguments: ["tf-model.h5", "bf16.weights.h5", "plain.h5", "hostile/cycle.keras"])
    func changedFilesNeverCrash(name: String) throws {
        let whole = try ByteRegion(mappingFile: keras(name))
        var random = RandomStream(seed: 11, purpose: .test)
        var refused = 0
        for _ in 0..<800 {
            var bytes = Array(whole.bytes)
            for _ in 0..<(1 + random.integer(below: 4)) {
                let position = random.integer(below: bytes.count)
                switch random.integer(below: 3) {
                case 0: bytes[position] ^= 1 << UInt8(random.integer(below: 8))
                case 1: bytes[position] = UInt8(truncatingIfNeeded: random.next())
                default: bytes[position] = [0, 0xFF, 0x7F, 0x80][random.integer(below: 4)]
                }
            }
            if !accepts(bytes.withUnsafeBytes { ByteRegion(copying: $0) }) { refused += 1 }
        }
        #expect(refused > 0)
    }

    /// Configurations with values swapped for others of any kind.
    @Test(arguments: ["residual.h5", "cnn.h5", "tf-model.h5"])
    func changedConfigurationsNeverCrash(name: String) throws {
        let source = try #require(try openKeras(name).model?.source)
        var random = RandomStream(seed: 12, purpose: .test)
        var understood = 0
        for _ in 0..<800 {
            let changed = Self.changed(source, &random, rate: 60)
            let config = KerasConfig(json: changed)
            guard let model = config.model else { continue }
            var graph = KerasGraph(
                isChannelsLast: KerasGraph.isChannelsLast(model) ?? true, values: { _ in nil })
            if (try? graph.build(model)) != nil { understood += 1 }
            _ = KerasPlan(model).variables
            _ = KerasConfig.modern(changed)
            _ = (try? KerasExport(graph.json, depthwise: ["deep"]))?.configuration(name: "m")
        }
        #expect(understood > 0)
    }

    private static func changed(
        _ json: JSON, _ random: inout RandomStream, rate: Int
    ) -> JSON {
        if random.integer(below: rate * 20) == 0 {
            let values: [JSON] = [
                nil, true, 0, -1, 7, 1.5, .number(1e300), .integer(.max), .integer(.min), "x", "",
                [], [1, 2], [nil], [:], "same", [[1, 1], [2, 0]],
            ]
            return values[random.integer(below: values.count)]
        }
        switch json {
        case .array(let elements):
            return .array(elements.map { changed($0, &random, rate: rate) })
        case .object(let members):
            return .object(
                Dictionary(
                    uniqueKeysWithValues: members.sorted { $0.key < $1.key }.map {
                        ($0.key, changed($0.value, &random, rate: rate))
                    }))
        default: return json
        }
    }
}
