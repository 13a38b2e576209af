// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Tensors

extension Tensor {
    /// A copy with its axes permuted: seen as an array of `factors`, with its axes in `order`,
    /// called `shape`. A view of the same bytes when no element moves.
    func permuted(seenAs factors: [Int], order: [Int], shape target: Shape) -> Tensor {
        // Products of the extents of an empty tensor may overflow; nothing moves in it anyway.
        let plan =
            shape.elementCount == 0 ? nil : PermutationPlan(factors: factors, order: order)
        guard let plan, plan.axes.count > 1 else {
            do throws(TensorError) {
                return try reshaped(to: target)
            } catch {
                preconditionFailure(error.description)
            }
        }
        precondition(factors.reduce(1, *) == shape.elementCount && order.count == factors.count)
        let region = withUnsafeBytes { input in
            ByteRegion(count: byteCount) { output in
                switch elementType.byteCount {
                case 1: plan.copy(input, to: output, as: UInt8.self)
                case 2: plan.copy(input, to: output, as: UInt16.self)
                case 4: plan.copy(input, to: output, as: UInt32.self)
                default: plan.copy(input, to: output, as: UInt64.self)
                }
            }
        }
        do throws(TensorError) {
            return try Tensor(elementType, shape: target, viewing: region)
        } catch {
            preconditionFailure(error.description)
        }
    }
}

/// A permutation of axes with all that stays together joined: every layout rule comes down to two
/// or three axes.
struct PermutationPlan {
    struct Axis {
        let extent: Int
        /// Elements between neighbours in the input and in the output.
        let inputStride: Int
        var outputStride = 0
    }

    /// In the order of the output; empty when nothing moves.
    private(set) var axes: [Axis] = []

    init(factors: [Int], order: [Int]) {
        var strides = [Int](repeating: 1, count: factors.count)
        for axis in factors.indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1] * factors[axis + 1]
        }
        for axis in order where factors[axis] != 1 {
            let next = Axis(extent: factors[axis], inputStride: strides[axis])
            if let last = axes.last, last.inputStride == next.inputStride * next.extent {
                axes[axes.count - 1] = Axis(
                    extent: last.extent * next.extent, inputStride: next.inputStride)
            } else {
                axes.append(next)
            }
        }
        var stride = 1
        for position in axes.indices.reversed() {
            axes[position].outputStride = stride
            stride *= axes[position].extent
        }
    }

    /// Elements of the input's innermost axis that a tile takes at once: two cache lines of F32.
    private static let tileWidth = 32
    /// Elements of the output's innermost axis in a tile.
    private static let tileLength = 512

    /// Copies tile by tile, so that both the lines read and the lines written stay in the cache.
    func copy<Word: BitwiseCopyable>(
        _ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer, as _: Word.Type
    ) {
        let source = input.baseAddress!
        let result = output.baseAddress!.assumingMemoryBound(to: Word.self)
        let long = axes[axes.count - 1]
        guard let position = axes.firstIndex(where: { $0.inputStride == 1 }),
            position != axes.count - 1
        else {
            copyRuns(source, result)
            return
        }
        let wide = axes[position]
        let others = axes.indices.filter { $0 != position && $0 != axes.count - 1 }.map { axes[$0] }
        let across = (wide.extent + Self.tileWidth - 1) / Self.tileWidth
        let along = (long.extent + Self.tileLength - 1) / Self.tileLength
        // Each tile writes its own elements.
        nonisolated(unsafe) let (from, to) = (source, result)
        perform(across * along, isParallel: output.count > 1 << 18) { tile in
            let column = tile / along * Self.tileWidth
            let row = tile % along * Self.tileLength
            let width = min(Self.tileWidth, wide.extent - column)
            let length = min(Self.tileLength, long.extent - row)
            Self.forEachOffset(of: others) { inputOffset, outputOffset in
                let start = inputOffset + column + row * long.inputStride
                let end = outputOffset + column * wide.outputStride + row
                for step in 0..<length {
                    let line = from + (start + step * long.inputStride) * MemoryLayout<Word>.size
                    let cell = to + (end + step)
                    for lane in 0..<width {
                        cell[lane * wide.outputStride] = line.loadUnaligned(
                            fromByteOffset: lane * MemoryLayout<Word>.size, as: Word.self)
                    }
                }
            }
        }
    }

    /// The innermost axis is the same on both sides: whole runs move.
    private func copyRuns<Word: BitwiseCopyable>(
        _ source: UnsafeRawPointer, _ result: UnsafeMutablePointer<Word>
    ) {
        let run = axes[axes.count - 1]
        let size = MemoryLayout<Word>.size
        nonisolated(unsafe) let (from, to) = (source, UnsafeMutableRawPointer(result))
        let outer = axes[0]
        let others = Array(axes[1..<(axes.count - 1)])
        perform(outer.extent, isParallel: outer.extent * outer.outputStride * size > 1 << 18) {
            index in
            Self.forEachOffset(of: others) { inputOffset, outputOffset in
                let start = (inputOffset + index * outer.inputStride) * size
                let end = (outputOffset + index * outer.outputStride) * size
                (to + end).copyMemory(from: from + start, byteCount: run.extent * size)
            }
        }
    }

    private func perform(
        _ count: Int, isParallel: Bool, _ body: @Sendable (Int) -> Void
    ) {
        if isParallel {
            DispatchQueue.concurrentPerform(iterations: count, execute: body)
        } else {
            for index in 0..<count { body(index) }
        }
    }

    /// Walks over all positions of `axes`, the last one fastest.
    @inline(__always)
    private static func forEachOffset(of axes: [Axis], _ body: (Int, Int) -> Void) {
        var index = [Int](repeating: 0, count: axes.count)
        var (input, output) = (0, 0)
        while true {
            body(input, output)
            var axis = axes.count - 1
            while axis >= 0 {
                index[axis] += 1
                input += axes[axis].inputStride
                output += axes[axis].outputStride
                if index[axis] < axes[axis].extent { break }
                input -= axes[axis].inputStride * axes[axis].extent
                output -= axes[axis].outputStride * axes[axis].extent
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}
