// SPDX-License-Identifier: Apache-2.0

/// Forms of elementary operations that the compiler turns into vector code in a plain loop.
extension Float {
    /// Zero in place of a subnormal number. The averages of a weight whose gradient stays 0 (a
    /// dead unit, a saturated softmax) decay into the subnormal range and never leave it, and
    /// there the processor takes a hundred times as long for every operation.
    @inline(__always) var flushed: Float { magnitude < Float.leastNormalMagnitude ? 0 : self }

    /// The square root of a finite number that is not negative, within one unit in the last place.
    ///
    /// `squareRoot()` calls the C library for negative arguments, a branch no loop is vectorised
    /// over. This is Newton's iteration for 1 / sqrt x from the well-known first guess (error
    /// 3.4 %, then 2e-3, 5e-6 and rounding), and one more for the root itself. 0 gives 0.
    @inline(__always) var newtonRoot: Float {
        var inverse = Float(bitPattern: 0x5F37_59DF &- (bitPattern &>> 1))
        let half = self * 0.5
        inverse = inverse * (1.5 - half * inverse * inverse)
        inverse = inverse * (1.5 - half * inverse * inverse)
        inverse = inverse * (1.5 - half * inverse * inverse)
        let root = self * inverse
        return root + 0.5 * inverse * (self - root * root)
    }
}
