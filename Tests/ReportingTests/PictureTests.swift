// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Reporting

@Suite struct PictureTests {
    private func noise(_ count: Int) -> [UInt8] {
        var random = RandomStream(seed: 1, purpose: .test)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    @Test(arguments: [(1, 1), (28, 28), (3, 200), (301, 7)])
    func whatLibpngReadsBackIsWhatWasDrawn(width: Int, height: Int) throws {
        for channels in [1, 3] {
            let image = PixelImage(
                width: width, height: height, channelCount: channels,
                pixels: noise(width * height * channels))
            #expect(try PNG.decoded(PNG.encoded(image)) == image)
        }
    }

    @Test(arguments: ["grey-filters", "rgb", "palette", "grey-16"])
    func picturesOfOtherMakersAreRead(name: String) throws {
        // Pixel (x, y) is 16 x + y in grey; in colour (16 x, y, 255 - y).
        let file = try Data(contentsOf: URL(fileURLWithPath: fixture("png/\(name).png")))
        let image = try PNG.decoded(Array(file))
        #expect(image.width == 16 && image.height == 12)
        let isColour = !name.hasPrefix("grey")
        #expect(image.channelCount == (isColour ? 3 : 1))
        let expected = (0..<12).flatMap { y in
            (0..<16).flatMap { x in isColour ? [16 * x, y, 255 - y] : [16 * x + y] }
        }
        #expect(image.pixels.map(Int.init) == expected)
    }

    @Test func damagedPicturesAreRefusedInWords() throws {
        let good = PNG.encoded(
            PixelImage(width: 20, height: 20, channelCount: 1, pixels: noise(400)))
        for count in [0, 7, 8, 20, 33, good.count / 2] {
            let error = #expect(throws: ReportingError.self) {
                try PNG.decoded(Array(good.prefix(count)))
            }
            #expect(error?.description.hasPrefix("not a PNG that can be read: ") == true)
        }
        // 100,000 x 100,000 pixels declared.
        let huge = try Data(contentsOf: URL(fileURLWithPath: fixture("png/huge.png")))
        #expect(throws: ReportingError.self) { try PNG.decoded(Array(huge)) }
    }

    @Test func base64EqualsFoundations() {
        for count in 0..<20 {
            let bytes = noise(count)
            #expect(Base64.encoded(bytes) == Data(bytes).base64EncodedString())
        }
        #expect(Base64.encoded(noise(9_999)) == Data(noise(9_999)).base64EncodedString())
    }

    @Test func tensorsBecomePixelsChannelsLast() {
        let image = PixelImage([0, 0.5, 1, 2, -1, .nan], shape: [3, 1, 2])
        #expect(image.channelCount == 3)
        #expect(image.pixels == [0, 255, 0, 128, 255, 0])
        #expect(PixelImage([0, 1, 0.2, 0.2], shape: [2, 1, 2]).pixels == [0, 255])
    }

    @Test func differencesAreSignedAndAsAmplifiedAsTheyCanBe() {
        let difference = SignedDifference(
            clean: [0.5, 0.5, 0.5], changed: [0.6, 0.4, 0.5], shape: [1, 1, 3])
        #expect(difference.amplification == 5)
        #expect(difference.picture.pixels == [255, 0, 128])
        #expect(abs(difference.largest - 0.1) < 1e-6)
        #expect(SignedDifference.amplification(for: 0) == 100)
        #expect(SignedDifference.amplification(for: 0.3) == 1)
        #expect(SignedDifference.amplification(for: 8 / 255) == 10)
    }

    @Test func terminalPicturesHaveHalfAsManyLines() {
        let image = PixelImage(
            width: 2, height: 3, channelCount: 1, pixels: [0, 255, 0, 255, 0, 255])
        #expect(TerminalPicture.plain(image) == " @\n @\n")
        let coloured = TerminalPicture.coloured(image)
        #expect(coloured.split(separator: "\n").count == 2)
        #expect(coloured.split(separator: "\n").allSatisfy { $0.hasSuffix("\u{1B}[0m") })
    }
}
