// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Synchronization
internal import Tensors

/// Computes the digests of tensors on another thread, in the order in which they are added.
struct HashingQueue {
    /// Bytes that may wait to be hashed: enough to keep both threads busy, little enough that
    /// copying a store needs no more memory than this and one tensor.
    private static let backlogByteCount = 256 << 20

    private let queue = DispatchQueue(label: "hashing", qos: .userInitiated)
    private var pending: [PendingDigest] = []
    private var firstWaiting = 0
    private var backlog = 0

    /// Starts hashing `tensor`; waits first while too much is waiting already.
    mutating func add(_ tensor: Tensor) -> PendingDigest {
        let digest = PendingDigest(of: tensor)
        pending.append(digest)
        backlog += tensor.byteCount
        while backlog > Self.backlogByteCount, firstWaiting < pending.count - 1 {
            _ = pending[firstWaiting].value()
            backlog -= pending[firstWaiting].byteCount
            firstWaiting += 1
        }
        // Waking a thread costs more than hashing a small tensor when its digest is asked for.
        if tensor.byteCount > 64 << 10 { queue.async { _ = digest.value() } }
        return digest
    }

    /// All digests, in the order in which the tensors were added.
    func digests() -> [Digest] { pending.map { $0.value() } }
}

/// A digest that is computed once, by whoever asks first.
final class PendingDigest: Sendable {
    private enum State {
        case waiting(Tensor)
        case done(Digest)
    }

    let byteCount: Int
    private let state: Mutex<State>

    init(of tensor: Tensor) {
        byteCount = tensor.byteCount
        state = Mutex(.waiting(tensor))
    }

    /// The digest; the tensor is let go.
    func value() -> Digest {
        state.withLock { state in
            switch state {
            case .done(let digest): return digest
            case .waiting(let tensor):
                let digest = tensor.digest()
                state = .done(digest)
                return digest
            }
        }
    }
}
