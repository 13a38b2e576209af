// SPDX-License-Identifier: Apache-2.0

import Reporting
import Tensors

extension TensorStatistics {
    var json: JSON {
        func number(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }
        var json: JSON = [
            "min": number(minimum), "max": number(maximum), "mean": number(mean),
            "std": number(deviation), "l2": .number(norm), "zeros": .integer(zeroCount),
            "subnormal": .integer(subnormalCount), "nan": .integer(nanCount),
            "inf": .integer(infinityCount),
        ]
        if let histogram {
            json["histogram"] = [
                "lower": .number(histogram.lower), "upper": .number(histogram.upper),
                "counts": .array(histogram.counts.map { .integer($0) }),
            ]
        }
        if let channels {
            json["dead_channels"] = [
                "axes": .array(channels.axes.map { .integer($0) }),
                "of": .integer(channels.channelCount), "count": .integer(channels.deadCount),
                "first": .array(channels.dead.map { .integer($0) }),
            ]
        }
        return json
    }

    /// One line: the usual numbers, then what is unusual.
    var summary: String {
        guard let minimum, let maximum, let mean, let deviation else {
            return ["no finite elements", oddities].filter { !$0.isEmpty }.joined(separator: ", ")
        }
        var text =
            "min \(NumberText.short(minimum)) max \(NumberText.short(maximum)) "
            + "mean \(NumberText.short(mean)) std \(NumberText.short(deviation)) "
            + "l2 \(NumberText.short(norm))"
        if let histogram { text += " " + histogram.bars }
        if zeroCount > 0 { text += " zeros \(NumberText.count(zeroCount))" }
        if !oddities.isEmpty { text += " " + oddities }
        return text
    }

    /// NaN, infinities, subnormal numbers and dead channels, where there are any.
    var oddities: String {
        var parts: [String] = []
        if nanCount > 0 { parts.append("NaN \(NumberText.count(nanCount))") }
        if infinityCount > 0 { parts.append("Inf \(NumberText.count(infinityCount))") }
        if subnormalCount > 0 { parts.append("subnormal \(NumberText.count(subnormalCount))") }
        if let channels, channels.deadCount > 0 {
            parts.append(
                "dead channels \(NumberText.count(channels.deadCount)) of "
                    + NumberText.count(channels.channelCount))
        }
        return parts.joined(separator: ", ")
    }
}

extension TensorStatistics.Histogram {
    /// One character a bin, as high as the bin's share of the fullest one; blank where it is empty.
    var bars: String {
        let most = Double(counts.max() ?? 0)
        let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
        return String(
            counts.map { count in
                guard count > 0, most > 0 else { return Character(" ") }
                return blocks[min(7, Int(Double(count) / most * 8))]
            })
    }
}
