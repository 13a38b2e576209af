// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Images as functions of unbounded variables, x = (tanh w + 1) / 2 = 1 / (1 + exp(-2 w)), and
/// Adam on those variables.
///
/// Pixels at the ends of the box are taken from 0.999999 of the way, where their slope is not
/// zero: so they can move, as they cannot where the tanh is infinite.
struct CarliniWagnerSpace {
    private let count: Int
    private let rate: Float
    private(set) var image: [Float]
    private var variables: [Float]
    /// dx/dw at the image.
    private var slopes: [Float]
    private var means: [Float]
    private var squares: [Float]
    private var time = 0

    init(count: Int, learningRate: Float) {
        self.count = count
        rate = learningRate
        image = [Float](repeating: 0, count: count)
        (variables, slopes, means, squares) = (image, image, image, image)
    }

    /// Starts Adam anew from an image in the box.
    mutating func begin(at start: UnsafePointer<Float>) {
        for index in 0..<count {
            variables[index] = Float(atanh((2 * Double(start[index]) - 1) * 0.999999))
            (means[index], squares[index]) = (0, 0)
        }
        time = 0
        writeImage()
    }

    /// Keeps a value of the image where it is; `freeze` has to be called after every step.
    mutating func freeze(_ index: Int, at value: Float) {
        image[index] = value
        slopes[index] = 0
    }

    private mutating func writeImage() {
        let count = count
        variables.withUnsafeBufferPointer { variables in
            image.withUnsafeMutableBufferPointer { image in
                slopes.withUnsafeMutableBufferPointer { slopes in
                    let source = variables.baseAddress.unsafelyUnwrapped
                    let values = image.baseAddress.unsafelyUnwrapped
                    let derivatives = slopes.baseAddress.unsafelyUnwrapped
                    for index in stride(from: 0, to: count, by: 8) {
                        let lanes = min(8, count - index)
                        let tail = exponential(-2 * source.eightFloats(index, lanes))
                        let value = 1 / (1 + tail)
                        values.write(value, index, lanes)
                        // In this order nothing overflows.
                        derivatives.write(2 * ((tail * value) * value), index, lanes)
                    }
                }
            }
        }
    }

    /// One step of Adam (Kingma and Ba, 2015, algorithm 1, with its constants) against a gradient
    /// with respect to the image.
    mutating func step(against gradient: UnsafePointer<Float>) {
        time += 1
        let first = Float(1 / (1 - pow(0.9, Double(time))))
        let second = Float(1 / (1 - pow(0.999, Double(time))))
        let (count, rate) = (count, rate)
        variables.withUnsafeMutableBufferPointer { variables in
            means.withUnsafeMutableBufferPointer { means in
                squares.withUnsafeMutableBufferPointer { squares in
                    slopes.withUnsafeBufferPointer { slopes in
                        for index in 0..<count {
                            let slope = gradient[index] * slopes[index]
                            let mean = 0.9 * means[index] + 0.1 * slope
                            let square = 0.999 * squares[index] + 0.001 * (slope * slope)
                            means[index] = mean
                            squares[index] = square
                            let size = (square * second).squareRoot() + 1e-8
                            variables[index] -= rate * (mean * first) / size
                        }
                    }
                }
            }
        }
        writeImage()
    }
}

/// exp of eight numbers, the ends of the range of `Float` taken for what lies beyond them; relative
/// errors stay below 2e-7 (range reduction by ln 2 in two parts and a polynomial of degree 7, with
/// the coefficients of Cephes).
@inline(__always)
func exponential(_ power: SIMD8<Float>) -> SIMD8<Float> {
    var power = power
    power.replace(with: 80, where: power .> 80)
    power.replace(with: -80, where: power .< -80)
    // Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits.
    let magic: Float = 0x1.8p23
    let shifted = power * 1.442_695_04 + magic
    let whole = shifted - magic
    let rest = (power - whole * 0.693_359_375) - whole * -2.121_944_4e-4
    var sum = rest * 1.987_569_15e-4 + 1.398_199_950_7e-3
    sum = sum * rest + 8.333_451_907_3e-3
    sum = sum * rest + 4.166_579_589_4e-2
    sum = sum * rest + 1.666_666_545_9e-1
    sum = sum * rest + 5.000_000_120_1e-1
    sum = sum * (rest * rest) + rest + 1
    let exponent = unsafeBitCast(shifted, to: SIMD8<UInt32>.self) &- magic.bitPattern &+ 127
    return sum * unsafeBitCast(exponent &<< 23, to: SIMD8<Float>.self)
}

extension UnsafeMutablePointer<Float> {
    /// Writes the first `lanes` of eight values from `index` on.
    @inline(__always)
    fileprivate func write(_ values: SIMD8<Float>, _ index: Int, _ lanes: Int) {
        if lanes == 8 {
            UnsafeMutableRawPointer(self + index).storeBytes(of: values, as: SIMD8<Float>.self)
        } else {
            for lane in 0..<lanes { self[index + lane] = values[lane] }
        }
    }
}
