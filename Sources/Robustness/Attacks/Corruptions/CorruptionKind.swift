// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A way images go wrong without an adversary.
///
/// The names, what they do and how strong they are follow MNIST-C (Mu and Gilmer, "MNIST-C: a
/// robustness benchmark for computer vision", 2019) and CIFAR-10-C (Hendrycks and Dietterich,
/// "Benchmarking neural network robustness to common corruptions and perturbations", 2019). Grey
/// images get the strengths of the first and colour images those of the second, where both have the
/// kind. The images are generated: the pixels of the published files cannot be had again, as they
/// depend on other libraries' random numbers; frost, which is made of photographs, is drawn.
public enum CorruptionKind: String, CaseIterable, Hashable, Sendable {
    case gaussianNoise = "gaussian_noise"
    case shotNoise = "shot_noise"
    case impulseNoise = "impulse_noise"
    case defocusBlur = "defocus_blur"
    case glassBlur = "glass_blur"
    case motionBlur = "motion_blur"
    case zoomBlur = "zoom_blur"
    case snow
    case frost
    case fog
    case spatter
    case brightness
    case contrast
    case elasticTransform = "elastic_transform"
    case pixelate
    case jpegCompression = "jpeg_compression"
    case shear
    case scale
    case rotate
    case translate
    case stripe
    case dottedLine = "dotted_line"
    case zigzag
    case cannyEdges = "canny_edges"

    /// The 15 kinds of MNIST-C.
    public static let mnist: [CorruptionKind] = [
        .shotNoise, .impulseNoise, .glassBlur, .motionBlur, .shear, .scale, .rotate, .brightness,
        .translate, .stripe, .fog, .spatter, .dottedLine, .zigzag, .cannyEdges,
    ]

    /// The 15 kinds of CIFAR-10-C.
    public static let cifar10: [CorruptionKind] = [
        .gaussianNoise, .shotNoise, .impulseNoise, .defocusBlur, .glassBlur, .motionBlur, .zoomBlur,
        .snow, .frost, .fog, .brightness, .contrast, .elasticTransform, .pixelate,
        .jpegCompression,
    ]

    /// The image with this corruption, on the lattice of 8 bits as the published sets are.
    ///
    /// - Parameters:
    ///   - severity: 1 to 5.
    ///   - stream: of this row, kind and severity.
    func corrupt(
        _ image: CorruptionRaster, severity: Int, stream: inout RandomStream
    ) -> CorruptionRaster {
        var result = apply(to: image, level: severity - 1, stream: &stream)
        result.values = result.values.map { (min(max($0, 0), 1) * 255).rounded() / 255 }
        return result
    }

    private func apply(
        to image: CorruptionRaster, level: Int, stream: inout RandomStream
    ) -> CorruptionRaster {
        switch self {
        case .gaussianNoise: image.withGaussianNoise(level, &stream)
        case .shotNoise: image.withShotNoise(level, &stream)
        case .impulseNoise: image.withImpulseNoise(level, &stream)
        case .defocusBlur: image.outOfFocus(level)
        case .glassBlur: image.behindGlass(level, &stream)
        case .motionBlur: image.moving(level, &stream)
        case .zoomBlur: image.zooming(level)
        case .snow: image.inSnow(level, &stream)
        case .frost: image.behindFrost(level, &stream)
        case .fog: image.inFog(level, &stream)
        case .spatter: image.spattered(level, &stream)
        case .brightness: image.brightened(level)
        case .contrast: image.withContrast(level)
        case .elasticTransform: image.stretched(level, &stream)
        case .pixelate: image.pixelated(level)
        case .jpegCompression: image.jpegCompressed(level)
        case .shear: image.sheared(level, &stream)
        case .scale: image.scaledDown(level)
        case .rotate: image.rotated(level, &stream)
        case .translate: image.shifted(level, &stream)
        case .stripe: image.striped()
        case .dottedLine: image.withDottedLine(&stream)
        case .zigzag: image.withZigzag(&stream)
        case .cannyEdges: image.edges()
        }
    }
}

extension CorruptionRaster {
    /// The strength of a level for images of this kind.
    func strength<Value>(_ level: Int, grey: [Value], colour: [Value]) -> Value {
        channels == 3 ? colour[level] : grey[level]
    }
}
