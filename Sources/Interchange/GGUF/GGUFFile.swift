// SPDX-License-Identifier: Apache-2.0

import Tensors

/// GGUF.
enum GGUFFile: WeightCodec {

    static func open(_ region: ByteRegion, path: String) throws(InterchangeError) -> WeightFile {
        throw InterchangeError(.unsupported, path, "is not read yet")
    }

    static func problems(_ region: ByteRegion, path: String, full: Bool) -> [FileProblem] { [] }
}
