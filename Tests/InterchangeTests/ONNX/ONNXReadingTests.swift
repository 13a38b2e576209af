// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Interchange

/// What the file says, against what onnx and NumPy read in it.
struct ONNXReadingTests {
    @Test(arguments: ONNXFixture.all)
    func everyTensorIsRead(_ model: ONNXFixture) throws {
        let file = try WeightFile.open(model.path)
        #expect(file.format == .onnx)
        let expected = try #require(model.expected["tensors"]?.objectValue)
        let unread = (model.expected["unread"]?.arrayValue ?? []).compactMap(\.stringValue)
        let read = file.entries.filter { $0.elementType != nil }
        #expect(Set(read.map(\.name)) == Set(expected.keys))
        #expect(
            Set(file.entries.filter { $0.typeName != "SPARSE" }.map(\.name))
                == Set(expected.keys).union(unread))
        for entry in read {
            let stated = try #require(expected[entry.name])
            #expect(entry.typeName == stated["dtype"]?.stringValue, "\(entry.name)")
            let shape = (stated["shape"]?.arrayValue ?? []).compactMap(\.integerValue)
            #expect(entry.shape.dimensions == shape, "\(entry.name)")
            #expect(fnv(try entry.tensor()) == stated["fnv"]?.stringValue, "\(entry.name)")
        }
    }

    @Test(arguments: ONNXFixture.all)
    func modelsMadeByTheRealLibrariesAreSound(_ model: ONNXFixture) throws {
        #expect(try WeightFile.problems(model.path, full: true) == [])
    }

    @Test func elementsInRawDataAreViewsOfTheFile() throws {
        let file = try WeightFile.open(ONNXFixture.named("torch-plain").path)
        for entry in file.entries { #expect(try entry.tensor().isMapped, "\(entry.name)") }
        let external = try WeightFile.open(ONNXFixture.named("external").path)
        #expect(try #require(external["w"]).tensor().isMapped)
        #expect(external.byteCount > 10_800)
    }

    @Test func headerAndPropertiesAreMetadata() throws {
        let file = try WeightFile.open(ONNXFixture.named("tensorflow").path)
        #expect(file.metadata["task"] == "digits")
        #expect(file.metadata["note"] == "naïve")
        #expect(
            file.metadata["onnx"] == [
                "ir_version": 8, "producer_name": "make.py", "producer_version": "1",
                "graph_name": "made by hand", "opset_import": ["ai.onnx": 17],
            ])
        let bytes = try #require(file.metadataByteCount)
        let payload = file.entries.reduce(0) { $0 + $1.storedByteCount }
        #expect(bytes + payload == file.byteCount)
    }

    @Test func typesThatAreOnlyListedSayWhy() throws {
        let file = try WeightFile.open(ONNXFixture.named("types").path)
        let entry = try #require(file["int4"])
        #expect((entry.typeName, entry.shape, entry.byteCount) == ("INT4", [3], 2))
        let error = try #require(throws: InterchangeError.self) { try entry.tensor() }
        #expect(
            error.problem == "tensor 'int4': elements of type INT4 are listed and not read")
        #expect(
            file.remarks == [
                "6 tensors are listed and not read: COMPLEX128, COMPLEX64, FLOAT8E4M3FNUZ, INT4, STRING, UINT4"
            ])
    }

    @Test func whatIsNeverRunIsRemarked() throws {
        #expect(
            try WeightFile.open(ONNXFixture.named("foreign").path).remarks
                == ["operators of other domains are not read: com.example"])
        #expect(
            try WeightFile.open(ONNXFixture.named("branches").path).remarks
                == ["2 graphs inside nodes are not read, nor are their tensors"])
        #expect(
            try WeightFile.open(ONNXFixture.named("sparse").path).remarks
                == ["1 sparse initialisers are listed and not read"])
    }

    @Test func otherFormatsAreNotTakenForModels() throws {
        for path in [
            "npy/f32.npy", "idx/f64.idx", "hdf5/small.h5", "onnx/make.py", "onnx/expected.json",
            "cifar/data_batch_1.bin.gz", "onnx/external.data",
        ] {
            let file = try ByteRegion(mappingFile: fixture(path))
            #expect(!ONNXFile.isModel(file.bytes), "\(path)")
        }
        var random = RandomStream(seed: 5, purpose: .test)
        for _ in 0..<20_000 {
            let bytes = (0..<24).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            #expect(!bytes.withUnsafeBytes { ONNXFile.isModel($0) })
        }
    }
}
