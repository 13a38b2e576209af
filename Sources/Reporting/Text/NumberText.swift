// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Numbers as people read them, alike in tables, charts and progress lines.
public enum NumberText {
    /// `value` with exactly `places` decimals; `-` for NaN, which stands for "not measured".
    public static func fixed(_ value: Double, places: Int = 1) -> String {
        guard value.isFinite else { return value.isNaN ? "-" : value < 0 ? "-∞" : "∞" }
        // printf rounds the exact binary value, where multiplying by a power of ten would not.
        let size = 340 + places
        let text = withVaList([CInt(places), value]) { arguments in
            [CChar](unsafeUninitializedCapacity: size) { buffer, initialized in
                let written = vsnprintf(buffer.baseAddress, size, "%.*f", arguments)
                initialized = min(size - 1, Int(written))
            }
        }
        let digits = String(decoding: text.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // -0.04 rounds to a zero without a sign.
        return digits.first == "-" && !digits.contains { ("1"..."9").contains($0) }
            ? String(digits.dropFirst()) : digits
    }

    /// A share in [0, 1] as per cent: `98.4 %`.
    public static func percent(_ share: Double, places: Int = 1) -> String {
        share.isFinite ? fixed(share * 100, places: places) + " %" : "-"
    }

    /// A whole number with thousands separated: `60,000`.
    public static func count(_ value: Int) -> String {
        let digits = Array(String(value.magnitude))
        var text = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// A size in decimal units: `512 B`, `4.2 kB`, `1.3 GB`.
    public static func bytes(_ count: Int) -> String {
        guard count >= 1000 else { return "\(count) B" }
        var (value, unit) = (Double(count), 0)
        let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
        // 999,950 would print as 1000.0 kB.
        while value >= 999.95, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return fixed(value, places: 1) + " " + units[unit]
    }

    /// A span of time: `0.42 s`, `12.3 s`, `3:05`, `1:02:09`.
    public static func duration(seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "-" }
        if seconds < 9.995 { return fixed(seconds, places: 2) + " s" }
        if seconds < 59.95 { return fixed(seconds, places: 1) + " s" }
        return clock(seconds: seconds)
    }

    /// Minutes and seconds, `0:07`, with hours in front where there are any.
    public static func clock(seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "-" }
        let whole = Int(seconds.rounded())
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
    }

    /// A speed: `16,500/s`, `8.3/s`, `0.25/s`.
    public static func rate(perSecond rate: Double) -> String {
        guard rate.isFinite, rate >= 0, rate < 1e15 else { return "-" }
        if rate >= 99.5 { return count(Int(rate.rounded())) + "/s" }
        return fixed(rate, places: rate >= 9.95 ? 1 : 2) + "/s"
    }

    /// About `digits` significant digits without a useless tail: `0.3`, `1.25e-07`, `12000`.
    public static func short(_ value: Double, digits: Int = 4) -> String {
        guard value.isFinite else { return fixed(value) }
        return withVaList([CInt(digits), value]) { arguments in
            let text = [CChar](unsafeUninitializedCapacity: 64) { buffer, initialized in
                initialized = min(63, Int(vsnprintf(buffer.baseAddress, 64, "%.*g", arguments)))
            }
            return String(decoding: text.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
