// SPDX-License-Identifier: Apache-2.0

import Glibc
import HDF5
import Synchronization
import Tensors

/// A file in memory that keeps a log of what was done to it, and fails where it is told to.
final class RecordedFile: FileOperations {
    /// What changes a file or makes it durable.
    enum Operation: Equatable {
        case write(offset: Int, bytes: [UInt8])
        case truncate(size: Int)
        case sync
        /// A nameless file gets its name, durably.
        case publish
    }

    /// Which call fails, and how.
    struct Fault {
        enum Failure: Hashable {
            case error(CInt)
            /// Writes and reads do half of what they were asked for.
            case short
        }

        /// Counted over all calls but locking.
        let call: Int
        let failure: Failure
        let isPersistent: Bool
    }

    private struct Content {
        var state: FileState
        var log: [Operation] = []
        var callCount = 0
        var fault: Fault?
        var hasFailedSync = false

        mutating func perform(_ operation: Operation) {
            state.apply(operation)
            log.append(operation)
        }
    }

    private let content: Mutex<Content>

    init(_ state: FileState = FileState(), fault: Fault? = nil) {
        content = Mutex(Content(state: state, fault: fault))
    }

    var state: FileState { content.withLock { $0.state } }
    var log: [Operation] { content.withLock { $0.log } }
    /// Whether a sync was among the calls that failed.
    var hasFailedSync: Bool { content.withLock { $0.hasFailedSync } }
    var callCount: Int { content.withLock { $0.callCount } }

    /// Runs one call, unless it is the one to fail. `body` is told whether to do only half of it.
    private func call<Value: Sendable>(
        isSync: Bool = false, _ body: (inout Content, _ isShort: Bool) -> Value
    ) throws(SystemError) -> Value {
        let result: Result<Value, SystemError> = content.withLock { content in
            let number = content.callCount
            content.callCount += 1
            guard let fault = content.fault,
                fault.isPersistent ? number >= fault.call : number == fault.call
            else { return .success(body(&content, false)) }
            switch fault.failure {
            case .error(let code):
                content.hasFailedSync = content.hasFailedSync || isSync
                return .failure(SystemError(code: code))
            case .short: return .success(body(&content, true))
            }
        }
        return try result.get()
    }

    func pread(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int {
        try call { content, isShort in
            let count = isShort ? max(buffer.count / 2, 1) : buffer.count
            let bytes = content.state.bytes.dropFirst(offset).prefix(count)
            buffer.copyBytes(from: bytes)
            return bytes.count
        }
    }

    func pwrite(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) -> Int {
        try call { content, isShort in
            let count = isShort ? max(bytes.count / 2, 1) : bytes.count
            content.perform(.write(offset: offset, bytes: Array(bytes.prefix(count))))
            return count
        }
    }

    func fdatasync() throws(SystemError) {
        try call(isSync: true) { content, _ in content.perform(.sync) }
    }

    func ftruncate(to size: Int) throws(SystemError) {
        try call { content, _ in content.perform(.truncate(size: size)) }
    }

    func publish() throws(SystemError) {
        try call { content, _ in content.perform(.publish) }
    }

    func size() throws(SystemError) -> Int {
        try call { content, _ in content.state.bytes.count }
    }

    func lock(_ lock: FileLock) throws(SystemError) -> Bool { true }

    func region(
        count: Int, patch: ((UnsafeMutableRawBufferPointer) -> Void)?
    ) throws(TensorError) -> ByteRegion {
        let bytes = state.bytes
        return ByteRegion(count: count) { region in
            region.copyBytes(from: bytes.prefix(count))
            patch?(region)
        }
    }

    func close() {}
}

/// What a file is at one moment.
struct FileState: Equatable {
    var bytes: [UInt8] = []
    /// A new file has no name until it is published: after a crash it is gone.
    var isNamed = false

    mutating func apply(_ operation: RecordedFile.Operation) {
        switch operation {
        case .write(let offset, let bytes):
            let end = offset + bytes.count
            if end > self.bytes.count { resize(to: end) }
            self.bytes.replaceSubrange(offset..<end, with: bytes)
        case .truncate(let size): resize(to: size)
        case .sync: break
        case .publish: isNamed = true
        }
    }

    private mutating func resize(to size: Int) {
        if size < bytes.count {
            bytes.removeLast(bytes.count - size)
        } else {
            bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
        }
    }
}
