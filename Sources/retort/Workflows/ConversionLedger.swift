// SPDX-License-Identifier: Apache-2.0

import Interchange
import Synchronization
import Tensors

/// What passed through a conversion, tensor by tensor: digests before and after each step.
///
/// Digests are taken of the very elements that the writer gets, so that reading them back proves
/// that they arrived.
final class ConversionLedger: Sendable {
    struct Record: Sendable {
        var source: Digest?
        /// After the cast, before the layout; equal to `source` where there was no cast.
        var cast: Digest?
        var target: Digest?
        var report: CastReport?
    }

    private struct State {
        var records: [Record]
        var byteCount = 0
        /// The view of the source that was used last.
        var last: Tensor?
    }

    private let state: Mutex<State>
    /// Whether each line's elements move; the others arrive as they were after the cast.
    private let isMoved: [Bool]
    private let path: String
    private let totalByteCount: Int
    private let progress: ProgressReporter

    init(_ plan: ConversionPlan, path: String, progress: ProgressReporter) {
        state = Mutex(State(records: [Record](repeating: Record(), count: plan.lines.count)))
        isMoved = plan.lines.map { $0.move != nil }
        self.path = path
        self.progress = progress
        totalByteCount = plan.byteCount
    }

    var records: [Record] { state.withLock { $0.records } }

    /// Stops the writer between two tensors when the user asks for it.
    func check(_ name: String) throws(InterchangeError) {
        guard Interruption.isRequested else { return }
        throw InterchangeError(.unreadable, path, "interrupted before tensor '\(name)'")
    }

    /// Lets go of the memory of the tensor that was used before this one: whoever asks for the
    /// next is done with it.
    func retire(before tensor: Tensor) {
        let last = state.withLock { state -> Tensor? in
            defer { state.last = tensor.isMapped ? tensor : nil }
            return state.last
        }
        last?.releasePages()
    }

    /// - Throws: ``InterchangeError`` when the elements are not what the source's own digest says.
    func note(
        source tensor: Tensor, of entry: WeightEntry, at index: Int
    ) throws(InterchangeError) {
        guard state.withLock({ $0.records[index].source == nil }) else { return }
        let digest = tensor.digest()
        if let stated = entry.digest, stated != digest {
            throw InterchangeError(
                .malformed, path,
                "the bytes of tensor '\(entry.name)' have the digest \(digest.short), the file "
                    + "says \(stated.short)")
        }
        state.withLock {
            $0.records[index].source = digest
            $0.records[index].cast = digest
        }
    }

    func note(cast tensor: Tensor, _ report: CastReport, at index: Int) {
        guard state.withLock({ $0.records[index].report == nil }) else { return }
        let digest = tensor.digest()
        state.withLock {
            $0.records[index].cast = digest
            $0.records[index].report = report
        }
    }

    func note(target tensor: Tensor, at index: Int) {
        let known = state.withLock { $0.records[index] }
        guard known.target == nil else { return }
        // Most tensors pass as they are, and hashing is most of the work.
        let digest = isMoved[index] ? tensor.digest() : known.cast ?? tensor.digest()
        let done = state.withLock { state -> Int in
            state.records[index].target = digest
            state.byteCount += tensor.byteCount
            return state.byteCount
        }
        progress.update("reading", done: done >> 20, of: totalByteCount >> 20, unit: "MiB")
    }
}
