// SPDX-License-Identifier: Apache-2.0

/// Where the vectors of channels of an image tensor lie: channel-blocked, by 16 with AVX-512 and by
/// 8 with AVX2, or channels last. All strides count vectors.
struct VectorImage {
    /// Channels of a vector: 16 or 8.
    let lanes: Int
    /// Channel blocks of an image.
    let blocks: Int
    let size: Extent
    private let imageStride: Int
    private let blockStride: Int
    let rowStride: Int
    let pixelStride: Int

    /// nil for any other order.
    init?(_ layout: Layout) {
        guard layout.extents.count == 4 else { return nil }
        let (channels, height, width) = (layout.extents[1], layout.extents[2], layout.extents[3])
        let isBlocked = layout.channelBlock == 16 || layout.channelBlock == 8
        lanes = layout.channelBlock == 8 ? 8 : 16
        blocks = (channels + lanes - 1) / lanes
        size = Extent(height, width)
        imageStride = blocks * height * width
        if isBlocked {
            (blockStride, rowStride, pixelStride) = (height * width, width, 1)
        } else if layout.isChannelsLast, channels % lanes == 0 {
            (blockStride, rowStride, pixelStride) = (1, width * blocks, blocks)
        } else {
            return nil
        }
    }

    /// The first vector of a plane; planes are numbered image by image, block by block.
    func start(ofPlane plane: Int) -> Int {
        let (image, block) = plane.quotientAndRemainder(dividingBy: blocks)
        return image * imageStride + block * blockStride
    }
}
