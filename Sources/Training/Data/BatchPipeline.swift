// SPDX-License-Identifier: Apache-2.0

import Dispatch
internal import Tensors

/// Hands out the batches of a plan in order, while a background thread prepares the next ones.
///
/// A batch is a pure function of the plan and its index, so thread timing cannot show in it. No
/// thread ever blocks on the consumer: a batch is only queued once there is memory for it.
public final class BatchPipeline {
    public let plan: BatchPlan
    private let slots: [Slot]
    private let queue = DispatchQueue(label: "retort.batches")
    private var position = 0
    private var queued = 0

    /// One batch being prepared or consumed.
    // Sendable by hand: see Batch; `kernel` is touched on the queue only, which is serial.
    private final class Slot: @unchecked Sendable {
        let batch: Batch
        var kernel: AugmentationKernel
        let ready = DispatchSemaphore(value: 0)

        init(plan: BatchPlan) {
            batch = Batch(plan: plan)
            kernel = AugmentationKernel(plan.augmentation, imageShape: plan.images.imageShape)
        }
    }

    /// - Parameter depth: batches in memory: one with the consumer, the others ahead of it.
    public init(_ plan: BatchPlan, depth: Int = 3) {
        precondition(depth > 0)
        self.plan = plan
        slots = (0..<Swift.min(depth, Swift.max(plan.batchCount, 1))).map { _ in Slot(plan: plan) }
        for _ in 0..<slots.count { enqueue() }
    }

    /// The next batch, or nil after the last. It is valid until the next call.
    public func next() -> Batch? {
        // The batch handed out before goes back to be filled again.
        if position > 0 { enqueue() }
        guard position < plan.batchCount else { return nil }
        let slot = slots[position % slots.count]
        slot.ready.wait()
        position += 1
        return slot.batch
    }

    private func enqueue() {
        guard queued < plan.batchCount else { return }
        let index = queued
        let slot = slots[index % slots.count]
        let plan = plan
        queued += 1
        queue.async {
            slot.batch.fill(index, of: plan, kernel: &slot.kernel)
            slot.ready.signal()
        }
    }
}
