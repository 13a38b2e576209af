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

    static func level(_ value: Float) -> UInt8 {
        value.isNaN ? 0 : UInt8((min(1, max(0, value)) * 255).rounded())
    }
}
