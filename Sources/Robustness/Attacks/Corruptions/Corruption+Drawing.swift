// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors

/// The kinds that MNIST-C draws. Its 28 pixels become the image's own width and height.
extension CorruptionRaster {
    /// The outer quarters are inverted.
    func striped() -> CorruptionRaster {
        var result = self
        for channel in 0..<channels {
            for y in 0..<height {
                for x in 0..<width where 4 * x < width || 4 * x >= 3 * width {
                    result[channel, y, x] = 1 - self[channel, y, x]
                }
            }
        }
        return result
    }

    /// Every other two columns of a line from edge to edge.
    func withDottedLine(_ stream: inout RandomStream) -> CorruptionRaster {
        let start = Double(stream.integer(below: height - 1))
        let end = Double(stream.integer(below: height - 1))
        var line = line(from: (0, start), to: (Double(width - 1), end))
        for place in line.indices where (place % width) % 4 < 2 { line[place] = 0 }
        return adding(line)
    }

    /// A line of teeth, 4 long and 2 high, near the horizontal.
    func withZigzag(_ stream: inout RandomStream) -> CorruptionRaster {
        let (first, last) = (2.0, Double(width) - 3)
        let start = Double(stream.integer(below: height - 1))
        let fall = Double(stream.integer(below: 10) - 5)
        let angle = atan(fall / (last - first))
        let length = (last - first) / cos(angle)
        // Teeth along a horizontal line, which is then turned.
        var corners = [(x: 0.0, y: 0.0)]
        for tooth in 0..<max(Int((length - 2) / 4) + 1, 0) {
            corners.append((Double(2 * tooth + 1) * 2, tooth % 2 == 0 ? 2 : -2))
        }
        corners.append((length, 0))
        let turned = corners.map {
            (
                x: first + cos(angle) * $0.x - sin(angle) * $0.y,
                y: start + sin(angle) * $0.x + cos(angle) * $0.y
            )
        }
        var result = self
        for (from, to) in zip(turned, turned.dropFirst()) {
            result = result.adding(line(from: (from.x, from.y), to: (to.x, to.y)))
        }
        return result
    }

    /// A soft line between two points, left to right: 1 in its middle, falling as
    /// 1 + log(1 - d / 2.3) with the vertical distance d.
    private func line(
        from start: (x: Double, y: Double), to end: (x: Double, y: Double)
    ) -> [Double] {
        guard end.x > start.x else { return [Double](repeating: 0, count: area) }
        let slope = (end.y - start.y) / (end.x - start.x)
        let columns = max(0, Int(start.x.rounded(.down)))..<max(0, Int(end.x.rounded(.up)))
        return (0..<area).map { place in
            let (y, x) = (Double(place / width), Double(place % width))
            guard columns.contains(place % width) else { return 0 }
            let distance = abs(y - (start.y + slope * (x - start.x)))
            guard distance < 2.3 else { return 0 }
            return min(max(1 + log(1 - distance / 2.3), 0), 1)
        }
    }

    private func adding(_ plane: [Double]) -> CorruptionRaster {
        var result = self
        for index in values.indices {
            result.values[index] = min(values[index] + plane[index % area], 1)
        }
        return result
    }

    /// Edges alone (Canny, "A computational approach to edge detection", 1986): the ridges of the
    /// gradient of a blurred image that are above 0.2, or above 0.1 and joined to one that is.
    func edges() -> CorruptionRaster {
        let smooth = luma.blurred(1)
        let sobel: [(y: Int, x: Int, weight: Double)] = [
            (-1, 1, 1), (0, 1, 2), (1, 1, 1), (-1, -1, -1), (0, -1, -2), (1, -1, -1),
        ]
        let across = smooth.filtered(sobel, border: .mirror)
        let down = smooth.filtered(sobel.map { ($0.x, $0.y, $0.weight) }, border: .mirror)
        var size = across
        for index in size.values.indices {
            size.values[index] = hypot(across.values[index], down.values[index])
        }
        var (strong, weak) = ([Int](), [Bool](repeating: false, count: area))
        for y in 1..<max(height - 1, 1) {
            for x in 1..<max(width - 1, 1) {
                let value = size[0, y, x]
                guard value > 0.1 else { continue }
                let (dy, dx) = (down[0, y, x] / value, across[0, y, x] / value)
                // One pixel on along the gradient, and one back, must not be steeper.
                let scale = 1 / max(abs(dy), abs(dx))
                let ahead = size.sample(
                    0, Double(y) + dy * scale, Double(x) + dx * scale, border: .nearest)
                let behind = size.sample(
                    0, Double(y) - dy * scale, Double(x) - dx * scale, border: .nearest)
                guard value >= ahead, value >= behind else { continue }
                weak[y * width + x] = true
                if value > 0.2 { strong.append(y * width + x) }
            }
        }
        return drawing(strong, through: weak)
    }

    /// White where `seeds` are and where `paths` lead on from them, black elsewhere.
    private func drawing(_ seeds: [Int], through paths: [Bool]) -> CorruptionRaster {
        var (result, open, paths) = (CorruptionRaster(like: self, channels: channels), seeds, paths)
        while let place = open.popLast() {
            guard paths[place] else { continue }
            paths[place] = false
            for channel in 0..<channels { result.values[channel * area + place] = 1 }
            for dy in -1...1 {
                for dx in -1...1 {
                    let (y, x) = (place / width + dy, place % width + dx)
                    guard (0..<height).contains(y), (0..<width).contains(x) else { continue }
                    if paths[y * width + x] { open.append(y * width + x) }
                }
            }
        }
        return result
    }
}
