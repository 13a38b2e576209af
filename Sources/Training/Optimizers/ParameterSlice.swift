// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Where one parameter lies in the flat buffers of values and gradients.
public struct ParameterSlice: Hashable, Sendable {
    /// "conv1/weight"
    public let name: String
    public let shape: Shape
    public let offset: Int
    /// False for what no gradient changes: the running statistics of batch norm.
    public let isTrainable: Bool

    public init(name: String, shape: Shape, offset: Int, isTrainable: Bool = true) {
        self.name = name
        self.shape = shape
        self.offset = offset
        self.isTrainable = isTrainable
    }

    public var range: Range<Int> { offset..<(offset + shape.elementCount) }
}

extension [ParameterSlice] {
    /// The trainable stretches, neighbours joined, so that a step is a few long loops.
    var trainableRuns: [Range<Int>] {
        var runs: [Range<Int>] = []
        for range in filter(\.isTrainable).map(\.range).sorted(by: { $0.lowerBound < $1.lowerBound }
        )
        where !range.isEmpty {
            if let last = runs.last, last.upperBound == range.lowerBound {
                runs[runs.count - 1] = last.lowerBound..<range.upperBound
            } else {
                runs.append(range)
            }
        }
        return runs
    }
}
