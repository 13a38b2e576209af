// SPDX-License-Identifier: Apache-2.0

/// Where the vectors of 16 channels of an image tensor lie: channel-blocked by 16 or channels
/// last. All strides count vectors.
struct VectorImage {
    static let lanes = 16
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
        blocks = (channels + Self.lanes - 1) / Self.lanes
        size = Extent(height, width)
        imageStride = blocks * height * width
        if layout.channelBlock == Self.lanes {
            (blockStride, rowStride, pixelStride) = (height * width, width, 1)
        } else if layout.isChannelsLast, channels % Self.lanes == 0 {
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
