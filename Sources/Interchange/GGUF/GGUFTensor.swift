// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A tensor as the header declares it.
struct GGUFTensor {
    let name: String
    /// Outermost first; the file has it the other way round.
    let shape: Shape
    let type: GGUFType
    /// From the start of the data section.
    let offset: Int
    let byteCount: Int
}

/// `ggml_type`: the name of an element type and the size of its blocks.
struct GGUFType {
    let name: String
    /// Elements of a block, and the bytes they take together.
    let blockCount: Int
    let blockByteCount: Int
    /// Nil for quantised types.
    let elementType: ElementType?

    private init(_ name: String, _ blockCount: Int, _ blockByteCount: Int) {
        self.name = name
        self.blockCount = blockCount
        self.blockByteCount = blockByteCount
        elementType = nil
    }

    private init(_ elementType: ElementType) {
        name = elementType.rawValue
        blockCount = 1
        blockByteCount = elementType.byteCount
        self.elementType = elementType
    }

    /// The numbers missing here are formats that ggml has removed.
    static let all: [Int: GGUFType] = [
        0: GGUFType(.f32), 1: GGUFType(.f16), 24: GGUFType(.i8), 25: GGUFType(.i16),
        26: GGUFType(.i32), 27: GGUFType(.i64), 28: GGUFType(.f64), 30: GGUFType(.bf16),
        2: GGUFType("Q4_0", 32, 18), 3: GGUFType("Q4_1", 32, 20), 6: GGUFType("Q5_0", 32, 22),
        7: GGUFType("Q5_1", 32, 24), 8: GGUFType("Q8_0", 32, 34), 9: GGUFType("Q8_1", 32, 40),
        10: GGUFType("Q2_K", 256, 84), 11: GGUFType("Q3_K", 256, 110),
        12: GGUFType("Q4_K", 256, 144), 13: GGUFType("Q5_K", 256, 176),
        14: GGUFType("Q6_K", 256, 210), 15: GGUFType("Q8_K", 256, 292),
        16: GGUFType("IQ2_XXS", 256, 66), 17: GGUFType("IQ2_XS", 256, 74),
        18: GGUFType("IQ3_XXS", 256, 98), 19: GGUFType("IQ1_S", 256, 50),
        20: GGUFType("IQ4_NL", 32, 18), 21: GGUFType("IQ3_S", 256, 110),
        22: GGUFType("IQ2_S", 256, 82), 23: GGUFType("IQ4_XS", 256, 136),
        29: GGUFType("IQ1_M", 256, 56), 34: GGUFType("TQ1_0", 256, 54),
        35: GGUFType("TQ2_0", 256, 66), 39: GGUFType("MXFP4", 32, 17),
        40: GGUFType("NVFP4", 64, 36), 41: GGUFType("Q1_0", 128, 18),
    ]
}
