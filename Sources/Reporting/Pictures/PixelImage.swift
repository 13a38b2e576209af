// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A picture of U8 pixels, grey or RGB, row by row.
public struct PixelImage: Hashable, Sendable {
    public let width: Int
    public let height: Int
    /// 1 (grey) or 3 (red, green, blue).
    public let channelCount: Int
    /// height * width * channelCount bytes, channels innermost.
    public let pixels: [UInt8]

    public init(width: Int, height: Int, channelCount: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0 && (channelCount == 1 || channelCount == 3))
        precondition(pixels.count == width * height * channelCount)
        self.width = width
        self.height = height
        self.channelCount = channelCount
        self.pixels = pixels
    }

    /// A model's input as a picture.
    ///
    /// - Parameters:
    ///   - values: (C, H, W) in [0, 1]; what lies outside is clipped, NaN is black.
    ///   - shape: (C, H, W). With one or three channels the picture is grey or colour; of any
    ///     other number the first channel is shown.
    public init(_ values: [Float], shape: Shape) {
        precondition(shape.rank == 3 && values.count == shape.elementCount && !values.isEmpty)
        let (height, width) = (shape[1], shape[2])
        let channels = shape[0] == 3 ? 3 : 1
        let plane = height * width
        var pixels = [UInt8](repeating: 0, count: plane * channels)
        for position in 0..<plane {
            for channel in 0..<channels {
                let value = values[channel * plane + position]
                pixels[position * channels + channel] = Self.level(value)
            }
        }
        self.init(width: width, height: height, channelCount: channels, pixels: pixels)
    }

    /// Row `row` of a set.
    public init(_ images: LabelledImages, row: Int) {
        self.init(images.pixels(row..<(row + 1)), shape: images.imageShape)
    }

    /// Pictures of one size in rows and columns, a grey pixel around each; nil leaves grey. nil
    /// when there is no picture at all, or when they differ in size or channels.
    public static func mosaic(_ images: [[PixelImage?]]) -> PixelImage? {
        guard let first = images.joined().compactMap({ $0 }).first,
            images.joined().allSatisfy({
                $0 == nil
                    || ($0?.width == first.width && $0?.height == first.height
                        && $0?.channelCount == first.channelCount)
            })
        else { return nil }
        let (width, height, channels) = (first.width, first.height, first.channelCount)
        let columns = images.map(\.count).max() ?? 0
        let fullWidth = columns * (width + 2)
        var pixels = [UInt8](
            repeating: 128, count: fullWidth * images.count * (height + 2) * channels)
        for (row, line) in images.enumerated() {
            for (column, image) in line.enumerated() {
                guard let image else { continue }
                for y in 0..<height {
                    let target =
                        ((row * (height + 2) + 1 + y) * fullWidth + column * (width + 2) + 1)
                        * channels
                    let source = y * width * channels
                    pixels.replaceSubrange(
                        target..<(target + width * channels),
                        with: image.pixels[source..<(source + width * channels)])
                }
            }
        }
        return PixelImage(
            width: fullWidth, height: images.count * (height + 2), channelCount: channels,
            pixels: pixels)
    }

    static func level(_ value: Float) -> UInt8 {
        value.isNaN ? 0 : UInt8((min(1, max(0, value)) * 255).rounded())
    }
}
