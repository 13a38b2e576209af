// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Keras.
enum KerasArchive: WritableWeightCodec {

    static func open(_ region: ByteRegion, path: String) throws(InterchangeError) -> WeightFile {
        throw InterchangeError(.unsupported, path, "is not read yet")
    }

    static func problems(_ region: ByteRegion, path: String, full: Bool) -> [FileProblem] { [] }

    static func write(_ content: WeightContent, to path: String) throws(InterchangeError) {
        throw InterchangeError(.unsupported, path, "is not written yet")
    }
}
