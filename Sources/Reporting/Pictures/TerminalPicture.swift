// SPDX-License-Identifier: Apache-2.0

/// A picture drawn with characters: two pixels in each, one above the other.
public enum TerminalPicture {
    /// Upper half blocks in 24-bit colour, each line ended by a reset and a newline.
    public static func coloured(_ image: PixelImage) -> String {
        var text = ""
        for top in stride(from: 0, to: image.height, by: 2) {
            for column in 0..<image.width {
                let (r, g, b) = image.colour(row: top, column: column)
                text += "\u{1B}[38;2;\(r);\(g);\(b)m"
                if top + 1 < image.height {
                    let (r, g, b) = image.colour(row: top + 1, column: column)
                    text += "\u{1B}[48;2;\(r);\(g);\(b)m"
                }
                text += "▀"
            }
            text += "\u{1B}[0m\n"
        }
        return text
    }

    /// Without colour, for pipes: brightness as characters, one for two rows of pixels.
    public static func plain(_ image: PixelImage) -> String {
        let ramp = Array(" .:-=+*#%@")
        var text = ""
        for top in stride(from: 0, to: image.height, by: 2) {
            for column in 0..<image.width {
                let rows = top..<min(top + 2, image.height)
                let sum = rows.reduce(0) { total, row in
                    let (r, g, b) = image.colour(row: row, column: column)
                    return total + 2 * Int(r) + 5 * Int(g) + Int(b)
                }
                text.append(ramp[sum * (ramp.count - 1) / (255 * 8 * rows.count)])
            }
            text += "\n"
        }
        return text
    }
}

extension PixelImage {
    func colour(row: Int, column: Int) -> (UInt8, UInt8, UInt8) {
        let index = (row * width + column) * channelCount
        return channelCount == 1
            ? (pixels[index], pixels[index], pixels[index])
            : (pixels[index], pixels[index + 1], pixels[index + 2])
    }
}
