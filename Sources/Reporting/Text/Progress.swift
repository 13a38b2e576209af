// SPDX-License-Identifier: Apache-2.0

/// How far long work has come, as one line of text.
public struct Progress: Hashable, Sendable {
    /// What is being done: `epoch 2/5`.
    public let label: String
    public let done: Int
    public let total: Int
    /// What is counted: `images`.
    public let unit: String
    public let elapsedSeconds: Double
    /// A last word such as `loss 0.042`.
    public let note: String

    public init(
        _ label: String, done: Int, total: Int, unit: String, elapsedSeconds: Double,
        note: String = ""
    ) {
        self.label = PlainText.visible(label)
        self.done = done
        self.total = total
        self.unit = unit
        self.elapsedSeconds = elapsedSeconds
        self.note = PlainText.visible(note)
    }

    /// The part that is done, in [0, 1].
    public var fraction: Double {
        total > 0 ? min(1, max(0, Double(done) / Double(total))) : 1
    }

    /// Units a second so far; nil before there is anything to go by.
    public var rate: Double? {
        done > 0 && elapsedSeconds > 0 ? Double(done) / elapsedSeconds : nil
    }

    /// Seconds left at the present speed.
    public var secondsLeft: Double? {
        rate.map { Double(max(0, total - done)) / $0 }
    }

    /// One line of at most `width` columns for a terminal: a bar, counts, speed and time left.
    public func line(width: Int = 80) -> String {
        let percent = NumberText.fixed((fraction * 100).rounded(.down), places: 0) + " %"
        let counts = "\(NumberText.count(done))/\(NumberText.count(total)) \(unit)"
        var tail = [percent, counts]
        if let rate { tail.append(NumberText.rate(perSecond: rate)) }
        if let secondsLeft, done < total {
            tail.append(NumberText.clock(seconds: secondsLeft) + " left")
        } else if done >= total {
            tail.append(NumberText.duration(seconds: elapsedSeconds))
        }
        if !note.isEmpty { tail.append(note) }
        let words = tail.joined(separator: "  ")
        let room = width - PlainText.columns(label) - PlainText.columns(words) - 4
        let bar = room >= 6 ? Self.bar(fraction, columns: min(room, 30)) + "  " : ""
        return PlainText.clipped("\(label)  \(bar)\(words)", to: width)
    }

    /// The line for a pipe or a log: no bar and no moving parts.
    public var plainLine: String {
        var words = ["\(label):", "\(NumberText.count(done))/\(NumberText.count(total)) \(unit)"]
        if let rate { words.append("at \(NumberText.rate(perSecond: rate))") }
        words.append("in \(NumberText.duration(seconds: elapsedSeconds))")
        if !note.isEmpty { words.append(note) }
        return words.joined(separator: " ")
    }

    /// A bar drawn to half a column.
    private static func bar(_ fraction: Double, columns: Int) -> String {
        let halves = Int((fraction * Double(2 * columns)).rounded(.down))
        let full = String(repeating: "━", count: halves / 2)
        guard halves < 2 * columns else { return full }
        let edge = halves.isMultiple(of: 2) ? "─" : "╸"
        return full + edge + String(repeating: "─", count: columns - halves / 2 - 1)
    }
}
