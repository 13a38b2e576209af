// SPDX-License-Identifier: Apache-2.0

/// The second half of a convolution's input gradient for images of few channels.
///
/// dL/dsource of a convolution is a matrix product, giving for each output pixel the gradient of
/// the patch it looked at, and a sum of the overlapping patches. oneDNN 2.6 pads one or three
/// channels to 16 and multiplies zeros; here the product is a 1x1 convolution over (I kh kw)
/// patch elements, and this type adds the patches up.
struct PatchScatter {
    /// Channels of the image times kernel height times kernel width.
    let patchCount: Int
    private let channels: Int
    private let image: Extent
    private let window: Window
    private let patches: VectorImage

    /// - Parameters:
    ///   - source: (N, I, H, W) of the convolution.
    ///   - patches: the layout of (N, I kh kw, H', W').
    init?(source: [Int], window: Window, patches layout: Layout) {
        guard layout.kind == .f32, let patches = VectorImage(layout) else { return nil }
        self.patches = patches
        self.window = window
        channels = source[1]
        image = Extent(source[2], source[3])
        patchCount = source[1] * window.kernel.height * window.kernel.width
    }

    /// Writes dL/dsource, (N, I, H, W) row-major, as the sum of the patch gradients.
    func run(_ patchGradients: Buffer, into gradient: Buffer, images: Int) {
        let pixels = channels * image.height * image.width
        KernelThreads.split(images) { part in
            // Only one thread writes an image, in one order: equal bits for any thread count.
            let target = gradient.floats
            UnsafeMutableBufferPointer(
                rebasing: target[(part.lowerBound * pixels)..<(part.upperBound * pixels)]
            ).update(repeating: 0)
            for index in part {
                for element in 0..<patchCount {
                    add(
                        element, of: index, from: patchGradients.floats,
                        to: target.baseAddress.unsafelyUnwrapped + index * pixels)
                }
            }
        }
    }

    /// Adds one element of every patch of image `index`: a shifted, strided copy of the output grid.
    private func add(
        _ element: Int, of index: Int, from patchGradients: UnsafeMutableBufferPointer<Float>,
        to target: UnsafeMutablePointer<Float>
    ) {
        let area = window.kernel.height * window.kernel.width
        let (channel, tap) = element.quotientAndRemainder(dividingBy: area)
        let (tapY, tapX) = tap.quotientAndRemainder(dividingBy: window.kernel.width)
        let (block, lane) = element.quotientAndRemainder(dividingBy: patches.lanes)
        let start = patches.start(ofPlane: index * patches.blocks + block)
        let columns = Self.positions(
            reaching: image.width, of: patches.size.width, stride: window.stride.width,
            from: tapX - window.padding.before.width)
        for y in Self.positions(
            reaching: image.height, of: patches.size.height, stride: window.stride.height,
            from: tapY - window.padding.before.height)
        {
            let row =
                (channel * image.height + y * window.stride.height + tapY
                    - window.padding.before.height)
                * image.width + tapX - window.padding.before.width
            let source = start + y * patches.rowStride
            for x in columns {
                target[row + x * window.stride.width] +=
                    patchGradients[
                        (source + x * patches.pixelStride) * patches.lanes + lane]
            }
        }
    }

    /// The positions p in 0..<count for which stride p + offset lies in 0..<size.
    private static func positions(
        reaching size: Int, of count: Int, stride: Int, from offset: Int
    ) -> Range<Int> {
        let first = offset >= 0 ? 0 : (-offset + stride - 1) / stride
        let end = size > offset ? min(count, (size - 1 - offset) / stride + 1) : 0
        return min(first, end)..<end
    }
}
