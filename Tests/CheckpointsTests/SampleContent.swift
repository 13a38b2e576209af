// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import Tensors
import TestSupport

/// Small content for tests: every element type, odd shapes, known values.
enum Sample {
    static let images = LabelledImagesSample.images

    static func digest(_ text: String) -> Digest { Digest(hashing: Array(text.utf8)) }

    static let teacher = digest("a teacher")
    static let data = digest("some data")

    static func tensors(scale: Float = 1) -> NamedTensors {
        var tensors = NamedTensors()
        tensors["conv1/weight"] = Tensor(
            (0..<18).map { Float($0) * scale / 7 }, shape: [2, 1, 3, 3])
        tensors["conv1/bias"] = Tensor([1.5, -2.25], shape: [2])
        return tensors
    }

    /// One tensor of each element type, a scalar, and an empty one.
    static func everyType() throws -> NamedTensors {
        var tensors = NamedTensors()
        for type in ElementType.allCases {
            tensors["types/\(type.rawValue)"] = try Tensor(type, shape: [2, 3]) { bytes in
                for index in bytes.indices {
                    bytes[index] = type == .bool ? UInt8(index % 2) : UInt8(7 * index % 256)
                }
            }
        }
        tensors["scalar"] = Tensor(trusted: .i64, shape: .scalar, values: [Int64(-5)])
        tensors["empty"] = Tensor([], shape: [0, 3])
        tensors["empty.bf16"] = Tensor(trusted: .bf16, shape: [2, 0], values: [UInt16]())
        return tensors
    }

    static func checkpoint(scale: Float = 1, parents: [Digest] = []) -> CheckpointContent {
        CheckpointContent(
            tensors: tensors(scale: scale), architecture: ["nodes": [["name": "conv1"]]],
            metadata: ["seed": 7, "accuracy": 0.984], parents: parents, dataDigest: data,
            axes: ["conv1/weight": "OIHW"], roles: ["conv1/weight": "weight"])
    }

    static func softLabels(teacher: Digest = teacher, data: Digest = data) -> SoftLabelsContent {
        SoftLabelsContent(
            logits: Tensor([1, 2, 3, 30, 20, 10], shape: [2, 3]), rowIndex: [4, 9],
            rowDigests: Tensor(
                trusted: .u8, shape: [2, 16], values: (0..<32).map { UInt8($0) }),
            teacherDigest: teacher, dataDigest: data, metadata: ["temperature": 40])
    }

    static func adversarialSet(
        source: Digest = teacher, data: Digest = data, shift: Float = 0.25
    ) -> AdversarialSetContent {
        let clean = (0..<64).map { Float($0) / 64 }
        return AdversarialSetContent(
            adversarial: Tensor(clean.map { $0 + shift }, shape: [4, 1, 4, 4]),
            clean: Tensor(clean, shape: [4, 1, 4, 4]), labels: [0, 1, 2, 3],
            status: [1, 1, 0, 1], statusNames: ["failed", "succeeded"],
            margin: Tensor([1, 2, -0.5, 3], shape: [4]),
            distance: Tensor(
                trusted: .f64, shape: [4], values: [Double](repeating: 0.25, count: 4)),
            rowIndex: [3, 2, 1, 0], sourceDigest: source, dataDigest: data,
            metadata: ["attack": "fgsm", "epsilon": ["numerator": 1, "denominator": 4]])
    }
}

enum LabelledImagesSample {
    static let images: LabelledImages = {
        let pixels = (0..<(6 * 16)).map { UInt8($0 % 251) }
        do {
            return try LabelledImages(
                images: Tensor(trusted: .u8, shape: [6, 1, 4, 4], values: pixels),
                labels: [0, 1, 2, 0, 1, 2], classCount: 3, classNames: ["zero", "one", "zwei"])
        } catch {
            preconditionFailure("\(error)")
        }
    }()
}

/// A path for a store in a fresh folder.
func withStorePath<Result>(_ body: (String) throws -> Result) throws -> Result {
    try withTemporaryDirectory { try body($0.appendingPathComponent("store.h5").path) }
}

/// Makes a store, lets `fill` append to it, and commits.
func makeStore(at path: String, _ fill: (StoreWriter) throws -> Void) throws {
    let writer = try StoreWriter.create(path: path)
    defer { writer.close() }
    try fill(writer)
    try writer.commit()
}

/// The error that `body` throws, or nil.
func storeError(_ body: () throws -> Void) -> StoreError? {
    do {
        try body()
        return nil
    } catch {
        return error as? StoreError
    }
}
