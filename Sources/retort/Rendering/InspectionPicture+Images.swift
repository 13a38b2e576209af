// SPDX-License-Identifier: Apache-2.0

import Reporting
import Tensors

/// Images, recognised by their shape, side by side.
struct ImageRows {
    private let count: Int
    private let height: Int
    private let width: Int
    private let channels: Int
    private let channelsLast: Bool
    /// What white is.
    private let scale: Double
    /// Whether the outermost axis numbers images; otherwise there is one.
    private let isBatch: Bool

    init?(_ shape: Shape, _ elementType: ElementType) {
        guard elementType == .u8 || elementType.isFloatingPoint else { return nil }
        let dimensions = shape.dimensions
        func isColour(_ axis: Int) -> Bool { dimensions[axis] == 1 || dimensions[axis] == 3 }
        isBatch = dimensions.count == 4 || (dimensions.count == 3 && !isColour(0) && !isColour(2))
        let image = isBatch ? Array(dimensions.dropFirst()) : dimensions
        count = isBatch ? dimensions[0] : 1
        switch image.count {
        case 2: (channels, height, width, channelsLast) = (1, image[0], image[1], false)
        case 3 where image[0] == 1 || image[0] == 3:
            (channels, height, width, channelsLast) = (image[0], image[1], image[2], false)
        case 3 where image[2] == 1 || image[2] == 3:
            (channels, height, width, channelsLast) = (image[2], image[0], image[1], true)
        default: return nil
        }
        // Photographs and digits, not tables of numbers that happen to lie in [0, 1].
        guard (8...512).contains(height), (8...512).contains(width), height <= 4 * width,
            width <= 4 * height
        else { return nil }
        scale = elementType == .u8 ? 255 : 1
    }

    /// Nil when the elements are no brightnesses.
    func picture(_ rows: TensorRows) throws -> TensorPicture? {
        let room = TensorPicture.width
        // Big images are made smaller by a whole factor, each pixel the mean of a square.
        let factor = max((width + room - 1) / room, (height + 63) / 64)
        let shown = max(1, min(count, 10, (room + 1) / (width / factor + 1)))
        let tensor = try rows.first(isBatch ? shown : rows.shape[0])
        let values = tensor.numbers(0..<tensor.shape.elementCount)
        guard values.allSatisfy({ $0 >= 0 && $0 <= scale }) else { return nil }
        let canvas = TileCanvas(
            rows: 1, columns: shown, height: height / factor, width: width / factor,
            channels: channels)
        func level(_ place: TileCanvas.Place) -> Double {
            var sum = 0.0
            for y in (place.row * factor)..<((place.row + 1) * factor) {
                for x in (place.column * factor)..<((place.column + 1) * factor) {
                    sum += values[index(place.tileColumn, place.channel, y, x)]
                }
            }
            return sum / (Double(factor * factor) * scale)
        }
        return TensorPicture(
            caption: isBatch
                ? "images 0 to \(shown - 1) of \(NumberText.count(count))"
                : "as an image of \(height) x \(width)",
            image: canvas.image(level))
    }

    private func index(_ image: Int, _ channel: Int, _ y: Int, _ x: Int) -> Int {
        let start = image * height * width * channels
        return channelsLast
            ? start + (y * width + x) * channels + channel
            : start + (channel * height + y) * width + x
    }
}
