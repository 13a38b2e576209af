// SPDX-License-Identifier: Apache-2.0

extension UnsafePointer<Float> {
    /// Eight values from `index` on as doubles; only the first `lanes` are read, the others are 0.
    @inline(__always)
    func eight(_ index: Int, _ lanes: Int) -> SIMD8<Double> {
        SIMD8<Double>(eightFloats(index, lanes))
    }

    /// Eight values from `index` on; only the first `lanes` are read, the others are 0.
    @inline(__always)
    func eightFloats(_ index: Int, _ lanes: Int) -> SIMD8<Float> {
        if lanes == 8 {
            return UnsafeRawPointer(self + index).loadUnaligned(as: SIMD8<Float>.self)
        }
        var values = SIMD8<Float>()
        for lane in 0..<lanes { values[lane] = self[index + lane] }
        return values
    }
}

extension UnsafeMutablePointer<Float> {
    @inline(__always)
    func eight(_ index: Int, _ lanes: Int) -> SIMD8<Double> {
        UnsafePointer(self).eight(index, lanes)
    }

    @inline(__always)
    func eightFloats(_ index: Int, _ lanes: Int) -> SIMD8<Float> {
        UnsafePointer(self).eightFloats(index, lanes)
    }
}
