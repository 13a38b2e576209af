// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors

/// An image at work: (C, H, W) in [0, 1], in double precision.
struct CorruptionRaster {
    let channels: Int
    let height: Int
    let width: Int
    var values: [Double]

    init(channels: Int, height: Int, width: Int, values: [Double]) {
        precondition(values.count == channels * height * width)
        self.channels = channels
        self.height = height
        self.width = width
        self.values = values
    }

    /// One value everywhere.
    init(like other: CorruptionRaster, channels: Int, filledWith value: Double = 0) {
        self.init(
            channels: channels, height: other.height, width: other.width,
            values: [Double](repeating: value, count: channels * other.height * other.width))
    }

    var area: Int { height * width }

    subscript(channel: Int, y: Int, x: Int) -> Double {
        get { values[(channel * height + y) * width + x] }
        set { values[(channel * height + y) * width + x] = newValue }
    }

    /// What the image is beyond its edge.
    enum Border {
        case black
        /// The edge goes on.
        case nearest
        /// A mirror stands on the outermost pixels.
        case mirror

        /// The position inside that stands for `position`; nil for black.
        @inline(__always)
        func inside(_ position: Int, of length: Int) -> Int? {
            if position >= 0, position < length { return position }
            switch self {
            case .black: return nil
            case .nearest: return position < 0 ? 0 : length - 1
            case .mirror:
                guard length > 1 else { return 0 }
                let period = 2 * (length - 1)
                let wrapped = ((position % period) + period) % period
                return wrapped < length ? wrapped : period - wrapped
            }
        }
    }

    /// Between four pixels.
    func sample(_ channel: Int, _ y: Double, _ x: Double, border: Border) -> Double {
        let (top, left) = (y.rounded(.down), x.rounded(.down))
        let (down, right) = (y - top, x - left)
        var sum = 0.0
        for (row, rowWeight) in [(Int(top), 1 - down), (Int(top) + 1, down)] where rowWeight > 0 {
            guard let row = border.inside(row, of: height) else { continue }
            for (column, weight) in [(Int(left), 1 - right), (Int(left) + 1, right)]
            where weight > 0 {
                guard let column = border.inside(column, of: width) else { continue }
                sum += rowWeight * weight * self[channel, row, column]
            }
        }
        return sum
    }

    /// Every pixel becomes the one that lies at `source` of its own place.
    func warped(border: Border, source: (_ y: Double, _ x: Double) -> (y: Double, x: Double))
        -> CorruptionRaster
    {
        var result = self
        for y in 0..<height {
            for x in 0..<width {
                let from = source(Double(y), Double(x))
                for channel in 0..<channels {
                    result[channel, y, x] = sample(channel, from.y, from.x, border: border)
                }
            }
        }
        return result
    }

    /// A map of the plane around the image's centre, from a pixel's place to where it comes from:
    /// y = a y + b x, x = c y + d x.
    func transformed(_ a: Double, _ b: Double, _ c: Double, _ d: Double, border: Border)
        -> CorruptionRaster
    {
        let (middle, centre) = (Double(height - 1) / 2, Double(width - 1) / 2)
        return warped(border: border) { y, x in
            let (down, right) = (y - middle, x - centre)
            return (middle + a * down + b * right, centre + c * down + d * right)
        }
    }

    /// Weighted sums of neighbours: `taps` of (dy, dx, weight).
    func filtered(_ taps: [(y: Int, x: Int, weight: Double)], border: Border) -> CorruptionRaster {
        var result = CorruptionRaster(like: self, channels: channels)
        for channel in 0..<channels {
            for y in 0..<height {
                for x in 0..<width {
                    var sum = 0.0
                    for tap in taps {
                        guard let row = border.inside(y + tap.y, of: height),
                            let column = border.inside(x + tap.x, of: width)
                        else { continue }
                        sum += tap.weight * self[channel, row, column]
                    }
                    result[channel, y, x] = sum
                }
            }
        }
        return result
    }

    /// Gaussian blur, cut off at four deviations.
    func blurred(_ deviation: Double, border: Border = .nearest) -> CorruptionRaster {
        guard deviation > 0 else { return self }
        let radius = Int(4 * deviation + 0.5)
        var weights = (-radius...radius).map {
            exp(-0.5 * Double($0 * $0) / (deviation * deviation))
        }
        let sum = weights.reduce(0, +)
        weights = weights.map { $0 / sum }
        let line = zip(-radius...radius, weights)
        return filtered(line.map { ($0, 0, $1) }, border: border)
            .filtered(line.map { (0, $0, $1) }, border: border)
    }

    /// Smear along a direction with a one-sided Gaussian of `radius` pixels.
    func smeared(radius: Int, deviation: Double, angle: Double) -> CorruptionRaster {
        let weights = (0...2 * radius).map {
            exp(-0.5 * Double($0 * $0) / (deviation * deviation))
        }
        let sum = weights.reduce(0, +)
        var result = CorruptionRaster(like: self, channels: channels)
        for channel in 0..<channels {
            for y in 0..<height {
                for x in 0..<width {
                    var value = 0.0
                    for (step, weight) in weights.enumerated() where weight > 1e-6 {
                        value +=
                            weight / sum
                            * sample(
                                channel, Double(y) - Double(step) * sin(angle),
                                Double(x) - Double(step) * cos(angle), border: .nearest)
                    }
                    result[channel, y, x] = value
                }
            }
        }
        return result
    }

    /// Enlarged around the centre.
    func zoomed(_ factor: Double) -> CorruptionRaster {
        transformed(1 / factor, 0, 0, 1 / factor, border: .nearest)
    }

    /// Rec. 601 luma; a grey image as it is.
    var luma: CorruptionRaster {
        guard channels == 3 else { return self }
        var result = CorruptionRaster(like: self, channels: 1)
        for index in 0..<area {
            result.values[index] =
                0.299 * values[index] + 0.587 * values[area + index]
                + 0.114 * values[2 * area + index]
        }
        return result
    }
}
