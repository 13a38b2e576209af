// SPDX-License-Identifier: Apache-2.0

/// dL/dsource of a convolution, straight from the gradient of the max pooling after it, in channel
/// blocks of 8.
///
/// Of the convolution's output gradient only the chosen pixel of each pooling window can differ from
/// zero, and under a ReLU only where the maximum is positive: with 2x2 windows at most a quarter. So
/// each of those is multiplied with its filter and added where the filter looked, rather than zeros
/// with all the others. With AVX2 that beats the dense kernel, whose vectors are four times as wide as
/// these; with AVX-512 it does not, hence blocks of 8 alone.
struct PooledBlockGradient {
    private let pool: DisjointMaxPool
    private let images: Int
    private let source: VectorImage
    private let convolution: Window
    private let filters: Int
    /// (O, I / 8, kh, kw, 8)
    private let table: Buffer

    /// nil for other blocks.
    ///
    /// - Parameters:
    ///   - source: the layout of (N, I, H, W), which the gradient gets.
    ///   - pool: reads the convolution's result.
    init?(source layout: Layout, filters: Int, window: Window, pool: DisjointMaxPool) {
        guard layout.kind == .f32, layout.extents.count == 4, layout.channelBlock == 8,
            layout.extents[1] % 8 == 0, let source = VectorImage(layout), pool.kind == .f32,
            pool.destination.lanes == 8, filters % 8 == 0
        else { return nil }
        self.pool = pool
        self.source = source
        self.filters = filters
        images = layout.extents[0]
        convolution = window
        let area = window.kernel.height * window.kernel.width
        table = Buffer(byteCount: filters * layout.extents[1] * area * 4)
    }

    /// Brings the weights, (O, I, kh, kw), into the table's order; to be called when they have changed.
    func prepare(_ weights: UnsafeMutableBufferPointer<Float>) {
        let area = convolution.kernel.height * convolution.kernel.width
        for filter in 0..<filters {
            for block in 0..<source.blocks {
                let start = (filter * source.blocks + block) * area * 8
                for tap in 0..<area {
                    for lane in 0..<8 {
                        table.floats[start + tap * 8 + lane] = weights[start + lane * area + tap]
                    }
                }
            }
        }
    }

    /// Writes dL/dsource from the pooling's output gradient.
    func run(_ gradient: Buffer, choices: Buffer, into sourceGradient: Buffer) {
        let vectors = source.blocks * source.size.height * source.size.width
        let target = sourceGradient.address.assumingMemoryBound(to: SIMD8<Float>.self)
        let windows = pool.destination.size.height * pool.destination.size.width
        KernelThreads.split(images) { part in
            withUnsafeTemporaryAllocation(of: Pixel.self, capacity: windows) { memory in
                guard let pixels = memory.baseAddress else { return }
                for index in part {
                    let image = target + index * vectors
                    image.update(repeating: SIMD8(), count: vectors)
                    for filter in 0..<filters {
                        let count = collect(filter, of: index, gradient, choices, into: pixels)
                        add(pixels, count: count, filter: filter, to: image)
                    }
                }
            }
        }
    }

    /// A pixel of the convolution's output gradient that is not zero.
    private struct Pixel {
        var value: Float
        /// Where its filter's first tap lies in the image, perhaps in the padding.
        var top: Int32
        var left: Int32
    }

    /// Finds the pixels of one filter's plane that are not zero: at most one a window.
    private func collect(
        _ filter: Int, of index: Int, _ gradient: Buffer, _ choices: Buffer,
        into pixels: UnsafeMutablePointer<Pixel>
    ) -> Int {
        let grid = pool.destination
        let (block, lane) = filter.quotientAndRemainder(dividingBy: 8)
        let plane = index * grid.blocks + block
        let values = gradient.address.assumingMemoryBound(to: Float.self) + lane
        let chosen = choices.address.assumingMemoryBound(to: UInt8.self) + lane
        let (slope, pooling, stride) = (pool.slope, pool.window, convolution.stride)
        let padding = convolution.padding.before
        var count = 0
        for y in 0..<grid.size.height {
            let row = grid.start(ofPlane: plane) + y * grid.rowStride
            let choiceRow = (plane * grid.size.height + y) * grid.size.width
            for x in 0..<grid.size.width {
                var value = values[(row &+ x &* grid.pixelStride) &* 8]
                var place = Int(chosen[(choiceRow &+ x) &* 8])
                if place >= DisjointMaxPool.notPositive {
                    value *= slope
                    place &-= DisjointMaxPool.notPositive
                }
                var (down, right) = (place &>> 1, place & 1)
                if pooling.width != 2 {
                    (down, right) = place.quotientAndRemainder(dividingBy: pooling.width)
                }
                let top = (y &* pooling.height &+ down) &* stride.height &- padding.height
                let left = (x &* pooling.width &+ right) &* stride.width &- padding.width
                pixels[count] = Pixel(
                    value: value, top: Int32(truncatingIfNeeded: top),
                    left: Int32(truncatingIfNeeded: left))
                // A zero is overwritten by the next.
                count &+= value == 0 ? 0 : 1
            }
        }
        return count
    }

    /// image += value * filter for every pixel, block by block: one block of a filter stays in the
    /// first-level cache.
    private func add(
        _ pixels: UnsafePointer<Pixel>, count: Int, filter: Int,
        to image: UnsafeMutablePointer<SIMD8<Float>>
    ) {
        let (kernel, size) = (convolution.kernel, source.size)
        let area = kernel.height * kernel.width
        let isThree = kernel == Extent(3)
        let (lastTop, lastLeft) = (size.height - kernel.height, size.width - kernel.width)
        let table = self.table.address.assumingMemoryBound(to: SIMD8<Float>.self)
        for block in 0..<source.blocks {
            let from = UnsafePointer(table + (filter * source.blocks + block) * area)
            let plane = image + block * size.height * size.width
            for number in 0..<count {
                let value = SIMD8<Float>(repeating: pixels[number].value)
                let (top, left) = (Int(pixels[number].top), Int(pixels[number].left))
                let isInside = top >= 0 && left >= 0 && top <= lastTop && left <= lastLeft
                guard isThree, isInside else {
                    addPart(value, from, to: plane, top: top, left: left)
                    continue
                }
                let to = plane + (top &* size.width &+ left)
                Self.addThree(value, from, to: to)
                Self.addThree(value, from + 3, to: to + size.width)
                Self.addThree(value, from + 6, to: to + 2 &* size.width)
            }
        }
    }

    @inline(__always)
    private static func addThree(
        _ value: SIMD8<Float>, _ from: UnsafePointer<SIMD8<Float>>,
        to: UnsafeMutablePointer<SIMD8<Float>>
    ) {
        to[0] += value * from[0]
        to[1] += value * from[1]
        to[2] += value * from[2]
    }

    /// Any kernel, at the image's edge too.
    private func addPart(
        _ value: SIMD8<Float>, _ from: UnsafePointer<SIMD8<Float>>,
        to plane: UnsafeMutablePointer<SIMD8<Float>>, top: Int, left: Int
    ) {
        let (kernel, size) = (convolution.kernel, source.size)
        for y in 0..<kernel.height where (0..<size.height).contains(top + y) {
            for x in 0..<kernel.width where (0..<size.width).contains(left + x) {
                plane[(top + y) * size.width + left + x] += value * from[y * kernel.width + x]
            }
        }
    }
}
