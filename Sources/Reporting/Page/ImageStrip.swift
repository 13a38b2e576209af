// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Pictures of one source image in a row: clean, adversarial, and what was changed.
public struct ImageStrip: Sendable {
    public struct Picture: Sendable {
        public let image: PixelImage
        /// What is shown: `clean`.
        public let role: String
        /// What a model says about it: `9 (97.1 %)`.
        public let verdict: String

        public init(_ image: PixelImage, role: String, verdict: String = "") {
            self.image = image
            self.role = role
            self.verdict = verdict
        }
    }

    /// What a model says about an image.
    public struct Prediction: Sendable {
        public let className: String
        public let confidence: Double

        public init(_ className: String, confidence: Double) {
            self.className = className
            self.confidence = confidence
        }

        /// `9 (97.1 %)`.
        public var text: String { "\(className) (\(NumberText.percent(confidence)))" }
    }

    /// `4 → 9`.
    public let heading: String
    public let pictures: [Picture]

    public init(_ heading: String, _ pictures: [Picture]) {
        self.heading = heading
        self.pictures = pictures
    }

    /// Clean, adversarial and amplified difference of one image.
    ///
    /// - Parameters:
    ///   - clean, adversarial: (C, H, W) in [0, 1].
    ///   - amplification: nil chooses the largest that clips nothing; give one for all strips of
    ///     a figure to make them comparable.
    public init(
        clean: [Float], adversarial: [Float], shape: Shape, before: Prediction,
        after: Prediction, amplification: Int? = nil
    ) {
        let difference = SignedDifference(
            clean: clean, changed: adversarial, shape: shape, amplification: amplification)
        self.init(
            "\(before.className) → \(after.className)",
            [
                Picture(PixelImage(clean, shape: shape), role: "clean", verdict: before.text),
                Picture(
                    PixelImage(adversarial, shape: shape), role: "adversarial",
                    verdict: after.text),
                Picture(
                    difference.picture, role: "difference × \(difference.amplification)",
                    verdict: "at most \(NumberText.short(Double(difference.largest), digits: 3))"),
            ])
    }

    /// All pictures in one file; nothing where they differ in size.
    private var saving: String {
        guard let mosaic = PixelImage.mosaic([pictures.map(\.image)]) else { return "" }
        let link = FigureMarkup.link(
            "Save PNG", name: SVG.fileName("strip " + heading, "png"),
            to: PNG.dataAddress(mosaic))
        return "<div class=\"tools\">\(link)</div>"
    }

    var html: String {
        let cells = pictures.map { picture in
            let name = Markup.escaped("\(picture.role) \(picture.verdict)")
            let verdict =
                picture.verdict.isEmpty
                ? "" : "<span class=\"verdict\">\(Markup.escaped(picture.verdict))</span>"
            return "<div class=\"picture\"><img src=\"\(PNG.dataAddress(picture.image))\""
                + " alt=\"\(name)\" width=\"\(picture.image.width)\""
                + " height=\"\(picture.image.height)\">"
                + "<span class=\"role\">\(Markup.escaped(picture.role))</span>\(verdict)</div>"
        }
        return "<div class=\"strip\"><div class=\"heading\">\(Markup.escaped(heading))</div>"
            + "<div class=\"pictures\">\(cells.joined())</div>\(saving)</div>\n"
    }
}
