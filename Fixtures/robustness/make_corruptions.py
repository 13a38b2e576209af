# SPDX-License-Identifier: Apache-2.0
"""What scipy makes of one image: the parts that corruptions are built of.

Writes corruptions.f32 beside this script, little-endian float32 (7, 28, 28): the image, its Gaussian
blurs with deviations 0.7 and 1.3, it rotated by 0.6 and enlarged by 1/0.7 around its centre, smoothed
by its 5 x 5 neighbours with mirrored borders, and through JPEG's quantisation at quality 10.
"""
import pathlib

import numpy
import scipy.fft
import scipy.ndimage

SIDE = 28
LUMA = numpy.array([
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99]).reshape(8, 8)

y, x = numpy.mgrid[:SIDE, :SIDE]
image = numpy.round(255 * (0.5 + 0.5 * numpy.sin(0.4 * x + 0.02 * y * y + 0.01 * x * y))) / 255


def around_centre(matrix):
    centre = numpy.full(2, (SIDE - 1) / 2)
    return scipy.ndimage.affine_transform(
        image, matrix, offset=centre - matrix @ centre, order=1, mode="grid-constant")


def jpeg(quality):
    table = numpy.clip((LUMA * (5000 // quality) + 50) // 100, 1, 255)
    padded = numpy.pad(numpy.round(image * 255), (0, -SIDE % 8), mode="edge") - 128
    for top in range(0, len(padded), 8):
        for left in range(0, len(padded), 8):
            block = padded[top:top + 8, left:left + 8]
            waves = numpy.round(scipy.fft.dctn(block, norm="ortho") / table) * table
            padded[top:top + 8, left:left + 8] = scipy.fft.idctn(waves, norm="ortho")
    return numpy.clip(numpy.round(padded[:SIDE, :SIDE] + 128), 0, 255) / 255


sine, cosine = numpy.sin(0.6), numpy.cos(0.6)
planes = [
    image,
    scipy.ndimage.gaussian_filter(image, 0.7, mode="nearest", truncate=4),
    scipy.ndimage.gaussian_filter(image, 1.3, mode="nearest", truncate=4),
    around_centre(numpy.array([[cosine, sine], [-sine, cosine]])),
    around_centre(numpy.eye(2) / 0.7),
    scipy.ndimage.uniform_filter(image, 5, mode="mirror"),
    jpeg(10),
]
numpy.stack(planes).astype("<f4").tofile(pathlib.Path(__file__).parent / "corruptions.f32")
