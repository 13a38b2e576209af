// SPDX-License-Identifier: Apache-2.0

import Reporting
import Synchronization

/// Shows how far long work has come: one rewritten line on a terminal, a plain line every few
/// seconds in a pipe. It goes to standard error, so `--json` output stays clean.
final class ProgressReporter: Sendable {
    private struct State {
        var stage = ""
        var started: ContinuousClock.Instant
        var lastShown: ContinuousClock.Instant
    }

    private let clock = ContinuousClock()
    private let state: Mutex<State>

    init() {
        let now = clock.now
        state = Mutex(State(started: now, lastShown: now))
    }

    func update(
        _ stage: String, done: Int, of total: Int, unit: String = "images", note: String = ""
    ) {
        let pause: Duration = Console.isErrorTerminal ? .milliseconds(100) : .seconds(5)
        let elapsed = state.withLock { state -> Duration? in
            let now = clock.now
            if state.stage != stage {
                state = State(stage: stage, started: now, lastShown: now)
            }
            guard now - state.lastShown >= pause else { return nil }
            state.lastShown = now
            return now - state.started
        }
        guard let elapsed else { return }
        let line = Progress(
            stage, done: done, total: total, unit: unit, elapsedSeconds: elapsed.seconds, note: note
        )
        if Console.isErrorTerminal {
            Console.rewriteLine(line.line(width: Console.errorWidth))
        } else {
            Console.note(line.plainLine)
        }
    }
}

extension Duration {
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
