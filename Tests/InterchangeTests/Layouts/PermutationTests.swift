// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing

@testable import Interchange

@Suite struct PermutationTests {
    /// Every order of up to four axes, sizes around the tile's, against the definition.
    @Test(arguments: [
        [3, 5], [1, 7], [33, 70], [600, 40], [3, 2, 5], [2, 33, 9], [1, 4, 1, 6], [3, 3, 40, 33],
        [2, 600, 3, 2], [0, 3, 4], [7],
    ])
    func everyOrderAgreesWithTheDefinition(factors: [Int]) {
        let shape = Shape(trusted: factors)
        for type in [ElementType.u8, .u16, .f32, .f64] {
            let tensor = numbered(type, shape)
            for order in orders(of: factors.count) {
                let target = Shape(trusted: order.map { factors[$0] })
                let moved = tensor.permuted(seenAs: factors, order: order, shape: target)
                #expect(moved.shape == target)
                #expect(moved == expected(tensor, factors, order, target), "\(order)")
            }
        }
    }

    @Test func nothingIsCopiedWhereNothingMoves() {
        let tensor = numbered(.f32, [2, 1, 3])
        let moved = tensor.permuted(seenAs: [2, 1, 3], order: [1, 0, 2], shape: [1, 6])
        let start = tensor.withUnsafeBytes { $0.baseAddress }
        #expect(moved.withUnsafeBytes { $0.baseAddress } == start)
        #expect(moved.shape == [1, 6])
    }

    private func numbered(_ type: ElementType, _ shape: Shape) -> Tensor {
        let region = ByteRegion(count: shape.elementCount * type.byteCount) { bytes in
            for index in bytes.indices {
                bytes[index] = UInt8(truncatingIfNeeded: (index &* 2_654_435_761) >> 8)
            }
        }
        return try! Tensor(type, shape: shape, viewing: region)
    }

    private func expected(
        _ tensor: Tensor, _ factors: [Int], _ order: [Int], _ target: Shape
    ) -> Tensor {
        var strides = [Int](repeating: 1, count: factors.count)
        for axis in factors.indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1] * factors[axis + 1]
        }
        return tensor.gathered(shape: target, strides: order.map { strides[$0] })
    }

    private func orders(of count: Int) -> [[Int]] {
        guard count > 0 else { return [[]] }
        return orders(of: count - 1).flatMap { shorter in
            (0...shorter.count).map { position in
                var order = shorter
                order.insert(count - 1, at: position)
                return order
            }
        }
    }
}
