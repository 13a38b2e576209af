// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Ctrl-C as a flag that long work looks at between batches.
///
/// The first SIGINT or SIGTERM asks for a stop; a second one ends the process at once, which the
/// store survives as it survives `kill -9`.
enum Interruption {
    private static let requested = Atomic(false)

    static var isRequested: Bool { requested.load(ordering: .relaxed) }

    /// Starts to catch the signals. Called by commands that work for long.
    static func watch() {
        for watched in [SIGINT, SIGTERM] {
            signal(watched) { number in
                // Only async-signal-safe calls: an atomic store and a reset of the handler.
                Interruption.requested.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
    }
}
