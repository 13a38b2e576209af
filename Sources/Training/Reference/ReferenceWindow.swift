// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// A window that slides over an image, tap by tap.
struct ReferenceWindow {
    let inputChannels: Int
    let outputChannels: Int
    let input: Extent
    let output: Extent
    let window: Window
    /// Row by row; those that never lie inside the image have no rows or no columns.
    let taps: [Tap]

    var inputArea: Int { input.height * input.width }
    var outputArea: Int { output.height * output.width }
    var outputCount: Int { outputChannels * outputArea }

    /// One element of the window, and the output positions at which it lies inside the image.
    struct Tap {
        let rows: Range<Int>
        let columns: Range<Int>
        /// The input row and column under output row and column 0, perhaps outside the image.
        let firstRow: Int
        let firstColumn: Int
        let rowStride: Int
        let columnStride: Int

        func inputRow(_ y: Int) -> Int { firstRow + y * rowStride }
        func inputColumn(_ x: Int) -> Int { firstColumn + x * columnStride }
    }

    /// - Parameters: shapes (C, H, W).
    init(_ window: Window, input: Shape, output: Shape) {
        inputChannels = input[0]
        outputChannels = output[0]
        let (from, to) = (Extent(input[1], input[2]), Extent(output[1], output[2]))
        (self.input, self.output) = (from, to)
        self.window = window
        taps = (0..<window.kernel.height).flatMap { row in
            (0..<window.kernel.width).map { column in
                let firstRow = row - window.padding.before.height
                let firstColumn = column - window.padding.before.width
                return Tap(
                    rows: Self.inside(
                        from.height, of: to.height, stride: window.stride.height, first: firstRow),
                    columns: Self.inside(
                        from.width, of: to.width, stride: window.stride.width, first: firstColumn),
                    firstRow: firstRow, firstColumn: firstColumn,
                    rowStride: window.stride.height, columnStride: window.stride.width)
            }
        }
    }

    /// The positions p in 0..<count with first + stride p in 0..<size.
    private static func inside(
        _ size: Int, of count: Int, stride: Int, first: Int
    ) -> Range<Int> {
        let positions = (0..<count).filter { (0..<size).contains(first + stride * $0) }
        guard let lower = positions.first, let upper = positions.last else { return 0..<0 }
        return lower..<(upper + 1)
    }

    /// Calls `body` with every output element and the input elements its window covers, in order.
    func forEachPosition(_ body: (_ output: Int, _ inputs: [Int]) -> Void) {
        var covered: [Int] = []
        for channel in 0..<outputChannels {
            for y in 0..<output.height {
                for x in 0..<output.width {
                    covered.removeAll(keepingCapacity: true)
                    for tap in taps where tap.rows.contains(y) && tap.columns.contains(x) {
                        let row = channel * input.height + tap.inputRow(y)
                        covered.append(row * input.width + tap.inputColumn(x))
                    }
                    body((channel * output.height + y) * output.width + x, covered)
                }
            }
        }
    }

    /// Elements of the window that lie in the padded image at an output position: what an average
    /// that counts padding divides by. No window reaches beyond the padding.
    var elementCount: Int { window.kernel.height * window.kernel.width }
}
