// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Standard normal numbers by the image: Box and Muller's transform, in plain loops that the
/// compiler vectorises.
///
/// Logarithm, sine and cosine are polynomials (errors near 1e-7), so the numbers are the
/// same with every C library and come fast enough for one thread to keep ahead of the kernels.
struct GaussianNoise {
    private let count: Int
    /// Pairs made for one image.
    private let pairs: Int
    private var bits: [UInt32]
    private let normals: FloatBuffer

    /// - Parameter count: pixels of one image.
    init(count: Int) {
        self.count = count
        pairs = (count + 1) / 2
        bits = Array(repeating: 0, count: 2 * pairs)
        normals = FloatBuffer(count: 2 * pairs)
    }

    /// pixel = pixel + deviation * normal, clipped to [0, 1].
    mutating func add(
        to pixels: UnsafeMutablePointer<Float>, deviation: Float, from random: inout RandomStream
    ) {
        fill(from: &random)
        for index in 0..<count {
            let value = pixels[index] + deviation * normals.base[index]
            pixels[index] = Swift.min(Swift.max(value, 0), 1)
        }
    }

    /// The next `count` (and perhaps one more) normal numbers.
    mutating func fill(from random: inout RandomStream) {
        for index in bits.indices { bits[index] = random.next() }
        let cosines = normals.base
        let sines = normals.base + pairs
        bits.withUnsafeBufferPointer { bits in
            guard let first = bits.baseAddress else { return }
            let second = first + pairs
            for index in 0..<pairs {
                // (0, 1], so that the logarithm is finite.
                let uniform = Float(Int32(bitPattern: first[index] &>> 8) &+ 1) * 0x1p-24
                let radius = (-2 * Self.logarithm(uniform)).newtonRoot
                let (sine, cosine) = Self.direction(second[index])
                cosines[index] = radius * cosine
                sines[index] = radius * sine
            }
        }
    }

    var values: UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: normals.base, count: count)
    }

    /// ln x for x in (0, 1].
    @inline(__always) private static func logarithm(_ x: Float) -> Float {
        // x = 2^exponent * mantissa with the mantissa in [sqrt 1/2, sqrt 2).
        let bits = Int32(bitPattern: x.bitPattern)
        let exponent = (bits &- 0x3F35_04F3) &>> 23
        let mantissa = Float(bitPattern: UInt32(bitPattern: bits &- (exponent &<< 23)))
        // ln((1 + s) / (1 - s)) = 2 (s + s^3 / 3 + s^5 / 5 + ...), |s| < 0.172.
        let s = (mantissa - 1) / (mantissa + 1)
        let square = s * s
        var series: Float = 2.0 / 11
        series = series * square + 2.0 / 9
        series = series * square + 2.0 / 7
        series = series * square + 2.0 / 5
        series = series * square + 2.0 / 3
        series = series * square + 2
        return Float(exponent) * 0.693_147_18 + s * series
    }

    /// Sine and cosine of 2 pi word / 2^32.
    @inline(__always) private static func direction(_ word: UInt32) -> (Float, Float) {
        // The nearest quarter turn, and what is left of it in [-1/8, 1/8] turns.
        let quarter = (word &+ 0x2000_0000) &>> 30
        let rest = Int32(bitPattern: word &- (quarter &<< 30))
        let angle = Float(rest) * Float(2 * Double.pi * 0x1p-32)
        let square = angle * angle
        var sine: Float = -1.0 / 5040
        sine = sine * square + 1.0 / 120
        sine = sine * square - 1.0 / 6
        sine = sine * square * angle + angle
        var cosine: Float = 1.0 / 40320
        cosine = cosine * square - 1.0 / 720
        cosine = cosine * square + 1.0 / 24
        cosine = cosine * square - 0.5
        cosine = cosine * square + 1
        let swaps = quarter & 1 == 1
        let first = swaps ? cosine : sine
        let second = swaps ? sine : cosine
        // The signs of quarter turns: sine + + - -, cosine + - - +.
        let sineSign = (quarter &>> 1) &<< 31
        let cosineSign = ((quarter &>> 1) ^ (quarter & 1)) &<< 31
        return (
            Float(bitPattern: first.bitPattern ^ sineSign),
            Float(bitPattern: second.bitPattern ^ cosineSign)
        )
    }
}
