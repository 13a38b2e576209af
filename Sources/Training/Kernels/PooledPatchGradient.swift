// SPDX-License-Identifier: Apache-2.0

/// dL/dsource of a convolution over images of one to three channels, straight from the gradient of
/// the max pooling after it.
///
/// A pooling window hands its gradient to one pixel, so the convolution's output gradient, four times
/// as large for a 2x2 window, is mostly zeros and need not exist. All that one window contributes lies
/// in a small region of the image (4x4 pixels for a 3x3 kernel): the sum over the channels of a
/// gradient times the kernel, at the place that was chosen. Kernels are kept at every place.
struct PooledPatchGradient {
    private let pool: DisjointMaxPool
    private let images: Int
    private let channels: Int
    private let image: Extent
    private let convolution: Window
    /// Of the region, in pixels; each row is padded to whole vectors.
    private let region: Extent
    private let rowVectors: Int
    /// Kernels at every place: (I, O in whole vectors, places, region).
    private let table: Buffer
    private let filters: Int
    private let paddedFilters: Int

    /// nil where the table would not stay in a cache.
    ///
    /// - Parameters:
    ///   - source: (N, I, H, W) of the convolution.
    ///   - pool: reads the convolution's result.
    init?(source: [Int], filters: Int, window: Window, pool: DisjointMaxPool) {
        guard pool.destination.lanes == 8, pool.kind == .f32, source[1] < 4 else { return nil }
        self.pool = pool
        self.filters = filters
        (images, channels, image) = (source[0], source[1], Extent(source[2], source[3]))
        convolution = window
        region = Extent(
            (pool.window.height - 1) * window.stride.height + window.kernel.height,
            (pool.window.width - 1) * window.stride.width + window.kernel.width)
        rowVectors = (region.width + 3) / 4
        paddedFilters = pool.destination.blocks * pool.destination.lanes
        let places = pool.window.height * pool.window.width
        let count = channels * paddedFilters * places * region.height * rowVectors * 4
        guard count <= 1 << 14 else { return nil }
        table = Buffer(byteCount: count * 4)
    }

    private var regionVectors: Int { region.height * rowVectors }
    private var places: Int { pool.window.height * pool.window.width }

    /// Writes the kernels, (O, I, kh, kw), at every place; to be called when they have changed.
    func prepare(_ weights: UnsafeMutableBufferPointer<Float>) {
        table.floats.update(repeating: 0)
        let kernel = convolution.kernel
        for channel in 0..<channels {
            for filter in 0..<filters {
                for place in 0..<places {
                    let (down, right) = place.quotientAndRemainder(dividingBy: pool.window.width)
                    let entry = ((channel * paddedFilters + filter) * places + place)
                    for y in 0..<kernel.height {
                        let row = down * convolution.stride.height + y
                        let to =
                            (entry * regionVectors + row * rowVectors) * 4
                            + right * convolution.stride.width
                        let from =
                            ((filter * channels + channel) * kernel.height + y) * kernel.width
                        for x in 0..<kernel.width { table.floats[to + x] = weights[from + x] }
                    }
                }
            }
        }
    }

    /// Writes dL/dsource, (N, I, H, W) row-major, from the pooling's output gradient.
    func run(_ gradient: Buffer, choices: Buffer, into sourceGradient: Buffer) {
        let pooled = pool.destination.size
        // Pixel (0, 0) of the canvas is the first pixel of the padding.
        let canvas = Extent(
            (pooled.height - 1) * pool.window.height * convolution.stride.height + region.height,
            (pooled.width - 1) * pool.window.width * convolution.stride.width + rowVectors * 4)
        KernelThreads.split(images) { part in
            let pixels = Buffer(byteCount: canvas.height * canvas.width * 4)
            let sums = Buffer(byteCount: regionVectors * 16)
            for index in part {
                for channel in 0..<channels {
                    pixels.floats.update(repeating: 0)
                    draw(
                        image: index, channel: channel, gradient, choices, sums,
                        on: pixels, width: canvas.width)
                    let plane = (index * channels + channel) * image.height * image.width
                    copy(pixels, canvas, to: sourceGradient.floats, at: plane)
                }
            }
        }
    }

    /// Adds the regions of all windows up.
    private func draw(
        image index: Int, channel: Int, _ gradient: Buffer, _ choices: Buffer, _ sums: Buffer,
        on canvas: Buffer, width: Int
    ) {
        let kernels =
            table.address.assumingMemoryBound(to: SIMD4<Float>.self)
            + channel * paddedFilters * places * regionVectors
        let total = sums.address.assumingMemoryBound(to: SIMD4<Float>.self)
        let pixels = canvas.address.assumingMemoryBound(to: Float.self)
        let (rows, vectors) = (region.height, rowVectors)
        let pooled = pool.destination.size
        let down = pool.window.height * convolution.stride.height
        let right = pool.window.width * convolution.stride.width
        for y in 0..<pooled.height {
            for x in 0..<pooled.width {
                if regionVectors == 4 {
                    sumFour(image: index, y, x, gradient, choices, kernels, into: total)
                } else {
                    sum(image: index, y, x, gradient, choices, kernels, into: total)
                }
                for row in 0..<rows {
                    for vector in 0..<vectors {
                        let place = UnsafeMutableRawPointer(
                            pixels + (y * down + row) * width + x * right + vector * 4)
                        let sum =
                            place.loadUnaligned(as: SIMD4<Float>.self)
                            + total[row * vectors + vector]
                        place.storeBytes(of: sum, as: SIMD4<Float>.self)
                    }
                }
            }
        }
    }

    /// Calls `body` with the gradients and the places of eight filters after eight filters.
    @inline(__always)
    private func forEachEight(
        image index: Int, _ y: Int, _ x: Int, _ gradient: Buffer, _ choices: Buffer,
        _ body: (_ filter: Int, SIMD8<Float>, SIMD8<Int32>) -> Void
    ) {
        let incoming = gradient.address.assumingMemoryBound(to: SIMD8<Float>.self)
        let chosen = choices.address.assumingMemoryBound(to: SIMD8<UInt8>.self)
        let grid = pool.destination
        let parts = grid.lanes / 8
        let flag = SIMD8<Int32>(repeating: Int32(DisjointMaxPool.notPositive))
        for block in 0..<grid.blocks {
            let plane = index * grid.blocks + block
            let position = grid.start(ofPlane: plane) + y * grid.rowStride + x * grid.pixelStride
            let choice = ((plane * grid.size.height + y) * grid.size.width + x) * parts
            for part in 0..<parts {
                var values = incoming[position * parts + part]
                var places = SIMD8<Int32>(truncatingIfNeeded: chosen[choice + part])
                let isNotPositive = places .>= flag
                values.replace(with: values * SIMD8(repeating: pool.slope), where: isNotPositive)
                places.replace(with: places &- flag, where: isNotPositive)
                body(block * grid.lanes + part * 8, values, places)
            }
        }
    }

    /// The region of one window, where it has four vectors: they stay in registers.
    private func sumFour(
        image index: Int, _ y: Int, _ x: Int, _ gradient: Buffer, _ choices: Buffer,
        _ kernels: UnsafeMutablePointer<SIMD4<Float>>,
        into total: UnsafeMutablePointer<SIMD4<Float>>
    ) {
        let places = places
        var (first, second) = (SIMD4<Float>(), SIMD4<Float>())
        var (third, fourth) = (SIMD4<Float>(), SIMD4<Float>())
        forEachEight(image: index, y, x, gradient, choices) { filter, values, chosen in
            for lane in 0..<8 {
                let value = SIMD4<Float>(repeating: values[lane])
                let kernel = kernels + ((filter &+ lane) &* places &+ Int(chosen[lane])) &* 4
                first += value * kernel[0]
                second += value * kernel[1]
                third += value * kernel[2]
                fourth += value * kernel[3]
            }
        }
        (total[0], total[1], total[2], total[3]) = (first, second, third, fourth)
    }

    private func sum(
        image index: Int, _ y: Int, _ x: Int, _ gradient: Buffer, _ choices: Buffer,
        _ kernels: UnsafeMutablePointer<SIMD4<Float>>,
        into total: UnsafeMutablePointer<SIMD4<Float>>
    ) {
        let (places, vectors) = (places, regionVectors)
        total.update(repeating: SIMD4(), count: vectors)
        forEachEight(image: index, y, x, gradient, choices) { filter, values, chosen in
            for lane in 0..<8 {
                let value = SIMD4<Float>(repeating: values[lane])
                let kernel = kernels + ((filter &+ lane) &* places &+ Int(chosen[lane])) &* vectors
                for vector in 0..<vectors { total[vector] += value * kernel[vector] }
            }
        }
    }

    /// Copies what lies in the image and not in its padding; pixels no window reaches are 0.
    private func copy(
        _ canvas: Buffer, _ size: Extent, to target: UnsafeMutableBufferPointer<Float>,
        at plane: Int
    ) {
        let before = convolution.padding.before
        let columns = max(0, min(image.width, size.width - before.width))
        for y in 0..<image.height {
            let row = UnsafeMutableBufferPointer(
                rebasing: target[(plane + y * image.width)..<(plane + (y + 1) * image.width)])
            guard y + before.height < size.height else {
                row.update(repeating: 0)
                continue
            }
            let from = (y + before.height) * size.width + before.width
            _ = row.update(fromContentsOf: canvas.floats[from..<(from + columns)])
            row[columns...].update(repeating: 0)
        }
    }
}
