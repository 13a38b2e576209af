// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

/// Digests and old names travel with the tensors, however a format names them.
@Suite struct CarriedTensorsTests {
    private func entry(
        _ name: String, _ values: [Float], sourceName: String? = nil, role: ParameterRole? = nil
    ) -> WeightEntry {
        var entry = WeightEntry(
            name: name, tensor: Tensor(values, shape: [values.count]), role: role)
        entry.sourceName = sourceName
        return entry
    }

    private let bias = ParameterRole(
        layer: "c1", kind: .convolution, parameter: .bias, layout: .keras)

    @Test func tensorsAreFoundByNameRoleAndPlace() {
        let entries = [
            entry("layers/a/vars/0", [1]), entry("layers/b/vars/1", [2], role: bias),
            entry("kept", [3]), entry("x", [4], sourceName: "was"),
        ]
        let tensors = [
            CarriedTensor(name: "kept"), CarriedTensor(name: "c1.bias", role: bias),
            CarriedTensor(name: "first"), CarriedTensor(name: "was"),
        ]
        #expect(CarriedTensors.positions(of: tensors, in: entries) == [2, 1, 0, 3])
        // With one missing, nothing may be guessed by place.
        #expect(
            CarriedTensors.positions(of: tensors, in: Array(entries.dropFirst()))
                == [1, 0, nil, 2])
    }

    @Test func aChangedBitIsTold() throws {
        let tensors = [
            CarriedTensor(name: "w", digest: Tensor([1, 2], shape: [2]).digest(), original: "old"),
            CarriedTensor(name: "v", digest: Tensor([3], shape: [1]).digest()),
        ]
        for (format, isText) in [(WeightFormat.safetensors, true), (.pytorch, false)] {
            let metadata = CarriedModel.metadata(
                ["a": 1], carrying: nil, layout: .pytorch, tensors: tensors, in: format)
            #expect((metadata["retort_tensors"]?.stringValue != nil) == isText)
            var file = WeightFile(
                path: "", format: format, byteCount: 0,
                entries: [entry("v", [3.0000002]), entry("w", [1, 2])], metadata: metadata)
            file.takeCarriedTensors()
            #expect(file.metadata["retort_tensors"] == nil)
            let found = try file.entries.map { try $0.tensor().digest() }
            #expect(file["w"]?.digest == found[1])
            #expect(file["v"]?.digest != nil && file["v"]?.digest != found[0])
            #expect(file["w"]?.sourceName == "old")
        }
    }

    @Test(arguments: ["[]", "[1]", "{}", "[[1]]", "[[\"a\",\"b\",\"c\",\"d\",\"e\"]]", "x", "[[]]"])
    func foreignListsStayOrSayNothing(text: String) {
        var file = WeightFile(
            path: "", format: .safetensors, byteCount: 0, entries: [entry("a", [1])],
            metadata: ["retort_tensors": .string(text)])
        file.takeCarriedTensors()
        #expect(file.entries[0].digest == nil && file.entries[0].sourceName == nil)
        #expect((file.metadata["retort_tensors"] == nil) == (text == "[]"))
    }

    /// The list is written and read back through a real file.
    @Test func aFileKeepsItsDigests() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x.safetensors").path
            let tensor = Tensor([1, 2, 3], shape: [3])
            let carried = CarriedTensor(name: "a.b", digest: tensor.digest(), original: "a/b")
            try WeightFile.write(
                WeightContent(
                    entries: [WeightEntry(name: "a.b", tensor: tensor)],
                    metadata: CarriedModel.metadata(
                        [:], carrying: nil, layout: .pytorch, tensors: [carried], in: .safetensors)
                ), as: .safetensors, to: path)
            let file = try WeightFile.open(path)
            #expect(file["a.b"]?.digest == tensor.digest())
            #expect(file["a.b"]?.sourceName == "a/b")
        }
    }
}
