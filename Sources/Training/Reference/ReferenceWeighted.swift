// SPDX-License-Identifier: Apache-2.0

/// y_o = b_o + sum_i w_oi x_i.
struct ReferenceDense: ReferenceLayer {
    /// (outputs, inputs)
    let weight: [Double]
    let bias: [Double]?

    func forward(_ inputs: [[Double]]) -> [Double] {
        let width = inputs[0].count
        return (0..<(weight.count / width)).map { output in
            let sum = weight.withUnsafeBufferPointer { weight in
                inputs[0].withUnsafeBufferPointer { values in
                    Self.dot(weight, from: output * width, values)
                }
            }
            return (bias?[output] ?? 0) + sum
        }
    }

    func backward(_ gradient: [Double], inputs: [[Double]], output: [Double]) -> [[Double]] {
        let width = inputs[0].count
        var result = [Double](repeating: 0, count: width)
        weight.withUnsafeBufferPointer { weight in
            result.withUnsafeMutableBufferPointer { result in
                for (output, slope) in gradient.enumerated() where slope != 0 {
                    for index in 0..<width {
                        result[index] += slope * weight[output * width + index]
                    }
                }
            }
        }
        return [result]
    }

    /// Eight sums side by side, because the compiler may not reorder a single one.
    private static func dot(
        _ weight: UnsafeBufferPointer<Double>, from start: Int,
        _ values: UnsafeBufferPointer<Double>
    ) -> Double {
        var sums = SIMD8<Double>()
        let whole = values.count / 8 * 8
        for index in stride(from: 0, to: whole, by: 8) {
            for lane in 0..<8 {
                sums[lane] += weight[start + index + lane] * values[index + lane]
            }
        }
        var sum = sums.sum()
        for index in whole..<values.count { sum += weight[start + index] * values[index] }
        return sum
    }
}

/// Cross-correlation in groups: y_o = b_o + sum over the group's channels and the window's taps.
struct ReferenceConvolution: ReferenceLayer {
    private let window: ReferenceWindow
    /// Input and output channels of a group.
    private let inputsPerGroup: Int
    private let outputsPerGroup: Int
    /// (outputs, inputs of a group, kernel height, kernel width)
    private let weight: [Double]
    private let bias: [Double]?

    init(_ window: ReferenceWindow, groups: Int, weight: [Double], bias: [Double]?) {
        self.window = window
        inputsPerGroup = window.inputChannels / groups
        outputsPerGroup = window.outputChannels / groups
        self.weight = weight
        self.bias = bias
    }

    func forward(_ inputs: [[Double]]) -> [Double] {
        var result = [Double](repeating: 0, count: window.outputCount)
        let (rows, columns) = (window.input.width, window.output.width)
        result.withUnsafeMutableBufferPointer { result in
            inputs[0].withUnsafeBufferPointer { source in
                if let bias {
                    for index in result.indices { result[index] = bias[index / window.outputArea] }
                }
                forEachTap { weight, input, output, tap in
                    for y in tap.rows {
                        let from = input + tap.inputRow(y) * rows + tap.firstColumn
                        let to = output + y * columns
                        for x in tap.columns {
                            result[to + x] += weight * source[from + x * tap.columnStride]
                        }
                    }
                }
            }
        }
        return result
    }

    func backward(_ gradient: [Double], inputs: [[Double]], output: [Double]) -> [[Double]] {
        var result = [Double](repeating: 0, count: inputs[0].count)
        let (rows, columns) = (window.input.width, window.output.width)
        result.withUnsafeMutableBufferPointer { result in
            gradient.withUnsafeBufferPointer { gradient in
                forEachTap { weight, input, output, tap in
                    for y in tap.rows {
                        let to = input + tap.inputRow(y) * rows + tap.firstColumn
                        let from = output + y * columns
                        for x in tap.columns {
                            result[to + x * tap.columnStride] += weight * gradient[from + x]
                        }
                    }
                }
            }
        }
        return [result]
    }

    /// Calls `body` with every weight, where its input and output channels begin, and the tap.
    @inline(__always)
    private func forEachTap(
        _ body: (_ weight: Double, _ input: Int, _ output: Int, ReferenceWindow.Tap) -> Void
    ) {
        let taps = window.taps
        for output in 0..<window.outputChannels {
            let firstInput = output / outputsPerGroup * inputsPerGroup
            for input in 0..<inputsPerGroup {
                let first = (output * inputsPerGroup + input) * taps.count
                for (number, tap) in taps.enumerated() {
                    body(
                        weight[first + number], (firstInput + input) * window.inputArea,
                        output * window.outputArea, tap)
                }
            }
        }
    }
}
