// SPDX-License-Identifier: Apache-2.0

import CHDF5
import Synchronization

/// The one gate to libhdf5.
///
/// The library keeps global state: identifiers, free lists, property classes, and per thread a
/// stack of errors. Debian's build guards itself with a lock of its own, others do not, and an error
/// left on a thread's stack makes the library complain when the process ends. So each call happens
/// under one lock, and takes its errors off the stack before it lets go.
///
/// The lock is not recursive, and a body is exactly one library call (or one of a few that must
/// not be parted): it cannot come back here. Callbacks of ``FileDriver`` run inside a body and
/// never call the library.
enum LibHDF5 {
    /// The registered file driver, once the library has been started.
    private static let lock = Mutex<hid_t?>(nil)

    /// Runs one call of the library; a negative result is a failure.
    ///
    /// - Throws: ``HDF5Error`` (`library`) with the call's name and what the library says.
    @discardableResult
    static func call<Value: BinaryInteger & Sendable>(
        _ name: StaticString, _ body: () -> Value
    ) throws(HDF5Error) -> Value {
        try withDriver(name) { _ in body() }
    }

    /// Runs a call that needs the identifier of the file driver.
    static func withDriver<Value: BinaryInteger & Sendable>(
        _ name: StaticString, _ body: (hid_t) -> Value
    ) throws(HDF5Error) -> Value {
        let result: Result<Value, HDF5Error> = lock.withLock { driver in
            guard let identifier = driver ?? start() else {
                return .failure(
                    HDF5Error(.library, "libhdf5 could not be started: \(takeErrors())"))
            }
            driver = identifier
            // The printer of error stacks is set per thread.
            H5Eset_auto2(retort_error_stack(), nil, nil)
            let value = body(identifier)
            guard value < 0 else { return .success(value) }
            return .failure(HDF5Error(.library, "\(name) failed: \(takeErrors())"))
        }
        return try result.get()
    }

    /// Settings that must come before anything else.
    private static func start() -> hid_t? {
        // At exit the library would close what is open, and write; an unfinished transaction is
        // meant to vanish, and closing after a failed write is where libhdf5 crashes.
        guard H5dont_atexit() >= 0, H5open() >= 0,
            // Never load code from a search path because a file names an unknown filter.
            H5PLset_loading_state(0) >= 0
        else { return nil }
        let driver = H5FDregister(FileDriver.definition)
        return driver < 0 ? nil : driver
    }

    /// What the outermost and the innermost failed function said; the rest is the way between.
    private static func takeErrors() -> String {
        var texts: [String] = []
        withUnsafeMutablePointer(to: &texts) { pointer in
            _ = H5Ewalk2(
                retort_error_stack(), H5E_WALK_DOWNWARD,
                { _, entry, texts in
                    guard let entry, let texts, let text = entry.pointee.desc else { return 0 }
                    texts.assumingMemoryBound(to: [String].self).pointee.append(
                        String(cString: text))
                    return 0
                }, pointer)
        }
        H5Eclear2(retort_error_stack())
        guard let outermost = texts.first, let innermost = texts.last else { return "no reason" }
        let text = texts.count == 1 ? outermost : "\(outermost) (\(innermost))"
        return text.filter { !$0.isNewline }
    }
}

/// An identifier of the library, closed when it goes out of scope.
struct LibraryHandle: ~Copyable {
    let id: hid_t
    private let close: (hid_t) -> herr_t

    /// Takes over the identifier that `body` returns.
    init(
        _ name: StaticString, closedBy close: @escaping (hid_t) -> herr_t, _ body: () -> hid_t
    ) throws(HDF5Error) {
        id = try LibHDF5.call(name, body)
        self.close = close
    }

    deinit {
        // Writes go straight through, so closing an object has nothing left to report.
        _ = Result { () throws(HDF5Error) in
            try LibHDF5.call("close") { [id, close] in close(id) }
        }
    }
}
