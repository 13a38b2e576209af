// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Standard normal numbers by the image: Box and Muller's transform, eight pairs at a time.
///
/// Logarithm, sine and cosine are polynomials (minimax, errors near 1e-7), so the numbers are the
/// same with every C library and come fast enough for one thread to keep ahead of the kernels.
struct GaussianNoise {
    private let count: Int
    /// Pairs made for one image: whole vectors, so that there is no tail to treat apart.
    private let pairs: Int
    private var bits: [UInt32]
    private let normals: FloatBuffer

    /// - Parameter count: pixels of one image.
    init(count: Int) {
        self.count = count
        pairs = ((count + 1) / 2 + 7) & ~7
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

    /// The next `count` (and a few more) normal numbers.
    mutating func fill(from random: inout RandomStream) {
        for index in bits.indices { bits[index] = random.next() }
        let output = UnsafeMutableRawPointer(normals.base)
        bits.withUnsafeBytes { bits in
            for first in stride(from: 0, to: pairs * 4, by: 32) {
                let second = first + pairs * 4
                let (cosines, sines) = Self.transform(
                    bits.loadUnaligned(fromByteOffset: first, as: SIMD8<UInt32>.self),
                    bits.loadUnaligned(fromByteOffset: second, as: SIMD8<UInt32>.self))
                output.storeBytes(of: cosines, toByteOffset: first, as: SIMD8<Float>.self)
                output.storeBytes(of: sines, toByteOffset: second, as: SIMD8<Float>.self)
            }
        }
    }

    var values: UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: normals.base, count: count)
    }

    /// Two independent normals from two uniform words: radius from one, direction from the other.
    private static func transform(
        _ first: SIMD8<UInt32>, _ second: SIMD8<UInt32>
    ) -> (SIMD8<Float>, SIMD8<Float>) {
        // (0, 1], so that the logarithm is finite.
        let uniform = SIMD8<Float>(SIMD8<Int32>(truncatingIfNeeded: first &>> 8) &+ 1) * 0x1p-24
        let radius = (-2 * logarithm(uniform)).squareRoot()
        let (sine, cosine) = direction(second)
        return (radius * cosine, radius * sine)
    }

    /// ln x for x in (0, 1].
    private static func logarithm(_ x: SIMD8<Float>) -> SIMD8<Float> {
        // x = 2^exponent * mantissa with the mantissa in [sqrt 1/2, sqrt 2).
        let bits = SIMD8<Int32>(truncatingIfNeeded: unsafeBitCast(x, to: SIMD8<UInt32>.self))
        let offset: Int32 = 0x3F35_04F3
        let exponent = (bits &- offset) &>> 23
        let mantissa = unsafeBitCast(bits &- (exponent &<< 23), to: SIMD8<Float>.self)
        let f = mantissa - 1
        // ln((1 + s) / (1 - s)) = 2 (s + s^3 / 3 + s^5 / 5 + ...), |s| < 0.172.
        let s = f / (2 + f)
        let square = s * s
        var series = SIMD8<Float>(repeating: 2.0 / 11)
        series = series * square + 2.0 / 9
        series = series * square + 2.0 / 7
        series = series * square + 2.0 / 5
        series = series * square + 2.0 / 3
        series = series * square + 2
        return SIMD8<Float>(exponent) * 0.693_147_18 + s * series
    }

    /// Sine and cosine of 2 pi word / 2^32.
    private static func direction(_ word: SIMD8<UInt32>) -> (SIMD8<Float>, SIMD8<Float>) {
        // The two top bits, rounded, are the quarter turn; what is left lies in [-1/8, 1/8] turns.
        let quarter = (word &+ 0x2000_0000) &>> 30
        let rest = SIMD8<Int32>(truncatingIfNeeded: word &- (quarter &<< 30))
        let angle = SIMD8<Float>(rest) * Float(2 * Double.pi * 0x1p-32)
        let square = angle * angle
        var sine = SIMD8<Float>(repeating: -1.0 / 5040)
        sine = sine * square + 1.0 / 120
        sine = sine * square - 1.0 / 6
        sine = sine * square * angle + angle
        var cosine = SIMD8<Float>(repeating: 1.0 / 40320)
        cosine = cosine * square - 1.0 / 720
        cosine = cosine * square + 1.0 / 24
        cosine = cosine * square - 0.5
        cosine = cosine * square + 1
        let swapped = (quarter & 1) .== 1
        let first = sine.replacing(with: cosine, where: swapped)
        let second = cosine.replacing(with: sine, where: swapped)
        return (
            first.replacing(with: -first, where: quarter .>= 2),
            second.replacing(with: -second, where: (quarter .== 1) .| (quarter .== 2))
        )
    }
}
