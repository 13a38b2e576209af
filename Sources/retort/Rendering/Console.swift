// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Standard output and standard error, and what kind of thing they are connected to.
enum Console {
    static let isErrorTerminal = isatty(STDERR_FILENO) == 1

    /// Columns of the terminal on standard error; 80 where that is not known.
    static var errorWidth: Int { width(of: STDERR_FILENO) ?? 80 }

    /// Columns of the terminal on standard output; nil for pipes and files, where lines may be
    /// as long as they like.
    static var outputWidth: Int? { width(of: STDOUT_FILENO) }

    private static func width(of descriptor: CInt) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    private static let silence = Atomic(false)

    /// Whether only failures are written: where several processes share a command, one speaks.
    static var isSilenced: Bool {
        get { silence.load(ordering: .relaxed) }
        set { silence.store(newValue, ordering: .relaxed) }
    }

    /// Whether a progress line stands unfinished on the terminal.
    private static let hasOpenLine = Mutex(false)

    /// Writes `text` and a line feed to standard output.
    static func output(_ text: String) {
        if isSilenced { return }
        closeLine()
        write(text + "\n", to: STDOUT_FILENO)
    }

    /// Writes one sentence about a failure to standard error.
    static func error(_ sentence: String) {
        closeLine()
        write("retort: \(printable(sentence))\n", to: STDERR_FILENO)
    }

    /// Writes a line of news to standard error, where it does not disturb `--json`.
    static func note(_ text: String) {
        if isSilenced { return }
        closeLine()
        write(text + "\n", to: STDERR_FILENO)
    }

    /// Shows `text` in place of the last progress line; only for terminals.
    static func rewriteLine(_ text: String) {
        if isSilenced { return }
        hasOpenLine.withLock { $0 = true }
        write("\r\u{1B}[K" + text, to: STDERR_FILENO)
    }

    private static func closeLine() {
        let wasOpen = hasOpenLine.withLock { open in
            defer { open = false }
            return open
        }
        if wasOpen { write("\r\u{1B}[K", to: STDERR_FILENO) }
    }

    private static func write(_ text: String, to descriptor: CInt) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if written > 0 {
                bytes = bytes.dropFirst(written)
            } else if errno != EINTR {
                return
            }
        }
    }
}
