// SPDX-License-Identifier: Apache-2.0

import Tensors

/// ONNX.
enum ONNXFile: WritableWeightCodec {
    static func isModel(_ bytes: UnsafeRawBufferPointer) -> Bool { false }

    static func open(_ region: ByteRegion, path: String) throws(InterchangeError) -> WeightFile {
        throw InterchangeError(.unsupported, path, "is not read yet")
    }

    static func problems(_ region: ByteRegion, path: String, full: Bool) -> [FileProblem] { [] }

    static func write(_ content: WeightContent, to path: String) throws(InterchangeError) {
        throw InterchangeError(.unsupported, path, "is not written yet")
    }
}
