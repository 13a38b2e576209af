// SPDX-License-Identifier: Apache-2.0

import CPNG

/// PNG files in memory, through libpng's simplified interface: the one that reports errors by
/// value, since `setjmp` cannot be used from Swift.
public enum PNG {
    /// The bytes of a PNG file that shows `image`.
    public static func encoded(_ image: PixelImage) -> [UInt8] {
        var control = png_image()
        control.version = png_uint_32(PNG_IMAGE_VERSION)
        control.width = png_uint_32(image.width)
        control.height = png_uint_32(image.height)
        control.format = png_uint_32(
            image.channelCount == 1 ? PNG_FORMAT_GRAY : Int32(PNG_FORMAT_RGB))
        defer { png_image_free(&control) }
        // Deflate's worst case, the filter bytes and the chunks around them; libpng says how much
        // it used.
        let raw = image.pixels.count + image.height
        var size = png_alloc_size_t(raw + raw / 1000 * 5 + 4096)
        let output = [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, initialized in
            let status = image.pixels.withUnsafeBytes { pixels in
                png_image_write_to_memory(
                    &control, buffer.baseAddress, &size, 0, pixels.baseAddress, 0, nil)
            }
            // Width, height and format are sound by PixelImage's own rules, and memory suffices.
            precondition(status != 0, "libpng refused an image of its own format")
            initialized = Int(size)
        }
        return output
    }

    /// The picture in a PNG file, made grey or RGB: 16-bit samples lose their low byte, an alpha
    /// channel is laid over black.
    ///
    /// - Throws: ``ReportingError`` with libpng's own words for a file it refuses, and for pictures
    ///   of more than 2^26 pixels, so that a small file cannot fill the memory.
    public static func decoded(_ file: [UInt8]) throws(ReportingError) -> PixelImage {
        var control = png_image()
        control.version = png_uint_32(PNG_IMAGE_VERSION)
        defer { png_image_free(&control) }
        let hasBegun = file.withUnsafeBytes {
            png_image_begin_read_from_memory(&control, $0.baseAddress, $0.count)
        }
        guard hasBegun != 0 else { throw failure(control) }
        let (width, height) = (Int(control.width), Int(control.height))
        guard width * height <= 1 << 26 else {
            throw ReportingError("a PNG of \(width) x \(height) pixels is larger than 2^26 pixels")
        }
        let isColour = control.format & png_uint_32(PNG_FORMAT_FLAG_COLOR) != 0
        let channelCount = isColour ? 3 : 1
        control.format = isColour ? png_uint_32(PNG_FORMAT_RGB) : png_uint_32(PNG_FORMAT_GRAY)
        var black = png_color(red: 0, green: 0, blue: 0)
        var hasFinished: CInt = 0
        let count = width * height * channelCount
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            buffer.initialize(repeating: 0)
            hasFinished = png_image_finish_read(&control, &black, buffer.baseAddress, 0, nil)
            initialized = count
        }
        guard hasFinished != 0 else { throw failure(control) }
        return PixelImage(width: width, height: height, channelCount: channelCount, pixels: pixels)
    }

    private static func failure(_ control: png_image) -> ReportingError {
        let message = withUnsafeBytes(of: control.message) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return ReportingError("not a PNG that can be read: \(message)")
    }

    /// The picture as a `data:` address for a page without other files.
    public static func dataAddress(_ image: PixelImage) -> String {
        "data:image/png;base64," + Base64.encoded(encoded(image))
    }
}
