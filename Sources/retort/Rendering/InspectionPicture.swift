// SPDX-License-Identifier: Apache-2.0

import Interchange
import Reporting
import Tensors

/// What of a tensor can be looked at: images, or the kernels of a convolution.
struct TensorPicture {
    let caption: String
    let image: PixelImage

    /// Nil when the elements look like neither. Only the rows that are shown are read.
    init?(_ rows: TensorRows, role: ParameterRole?) throws {
        guard rows.elementType.isNumeric, rows.shape.elementCount > 0 else { return nil }
        if let kernels = KernelTiles(rows.shape, role: role, rows.elementType) {
            self = try kernels.picture(rows)
        } else if role == nil, let images = ImageRows(rows.shape, rows.elementType),
            let picture = try images.picture(rows)
        {
            self = picture
        } else {
            return nil
        }
    }

    init(caption: String, image: PixelImage) {
        self.caption = caption
        self.image = image
    }

    /// In colour on a terminal, as shades of characters elsewhere.
    var text: String {
        let drawing =
            Console.outputWidth == nil
            ? TerminalPicture.plain(image) : TerminalPicture.coloured(image)
        return caption + "\n" + drawing.dropLast()
    }

    /// Columns there are for a picture.
    static var width: Int { max(16, min(Console.outputWidth ?? 80, 160)) }
}

/// Pictures of one size in a grid, a dark pixel between them.
struct TileCanvas {
    let rows: Int
    let columns: Int
    /// Of a tile.
    let height: Int
    let width: Int
    let channels: Int

    struct Place {
        let tileRow: Int
        let tileColumn: Int
        let row: Int
        let column: Int
        let channel: Int
    }

    var places: [Place] {
        (0..<(rows * columns * height * width * channels)).map { pixel in
            let (channel, position) = (pixel % channels, pixel / channels)
            let (column, line) = (position % width, position / width)
            let (row, tile) = (line % height, line / height)
            return Place(
                tileRow: tile / columns, tileColumn: tile % columns, row: row, column: column,
                channel: channel)
        }
    }

    /// - Parameter level: brightness of a place in [0, 1], clipped; NaN is black.
    func image(_ level: (Place) -> Double) -> PixelImage {
        let fullHeight = rows * (height + 1) - 1
        let fullWidth = columns * (width + 1) - 1
        var pixels = [UInt8](repeating: 0, count: fullHeight * fullWidth * channels)
        for place in places {
            let value = level(place)
            let y = place.tileRow * (height + 1) + place.row
            let x = place.tileColumn * (width + 1) + place.column
            pixels[(y * fullWidth + x) * channels + place.channel] =
                value.isNaN ? 0 : UInt8((min(1, max(0, value)) * 255).rounded())
        }
        return PixelImage(
            width: fullWidth, height: fullHeight, channelCount: channels, pixels: pixels)
    }
}
