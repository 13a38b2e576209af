// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// The memory of one batch, filled again and again.
// Sendable by hand: the pipeline's queue writes a batch before it signals `ready`, the consumer
// reads it after waiting for that, and hands it back before it is filled again.
public final class Batch: @unchecked Sendable {
    /// Rows in use; below the batch size in the last batch of an epoch.
    public internal(set) var count = 0
    /// Row numbers in the data set, which key dropout.
    public private(set) var rowKeys: [UInt64] = []
    private let pixels: FloatBuffer
    private let soft: FloatBuffer?
    private var truth: [Int32]
    private var targets: [Int32]
    private let pixelCount: Int
    private let classCount: Int

    init(plan: BatchPlan) {
        pixelCount = plan.images.pixelCount
        classCount = plan.images.classCount
        pixels = FloatBuffer(count: plan.batchSize * pixelCount)
        soft = plan.teacher?.table == nil ? nil : FloatBuffer(count: plan.batchSize * classCount)
        truth = Array(repeating: 0, count: plan.batchSize)
        targets = truth
    }

    /// (count, C, H, W) in [0, 1].
    public var images: UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: pixels.base, count: count * pixelCount)
    }

    /// The same memory, for whoever changes a batch it was handed.
    var mutableImages: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: pixels.base, count: count * pixelCount)
    }

    /// The data set's labels.
    public var labels: [Int32] { Array(truth.prefix(count)) }

    /// Gives the loss its view of the batch, valid inside `body`.
    public func withTargets<Value, Failure: Error>(
        _ body: (LossTargets) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        // Arrays' own accessors rethrow untyped errors; a result carries the typed one across.
        let result = truth.withUnsafeBufferPointer { truth in
            targets.withUnsafeBufferPointer { targets in
                Result { () throws(Failure) in
                    try body(
                        LossTargets(
                            labels: targets, soft: soft.map { UnsafeBufferPointer($0.all) },
                            truth: truth))
                }
            }
        }
        return try result.get()
    }

    /// Copies the rows of batch `index`, converted to `Float` and augmented.
    func fill(_ index: Int, of plan: BatchPlan, kernel: inout AugmentationKernel) {
        let positions = plan.positions(ofBatch: index)
        count = positions.count
        rowKeys = positions.map { UInt64(plan.order[$0]) }
        for (slot, position) in positions.enumerated() {
            let row = plan.order[position]
            let image = pixels.base + slot * pixelCount
            plan.images.copyPixels(ofRow: row, to: image)
            if !plan.augmentation.isNone {
                kernel.apply(to: image, seed: plan.seed, epoch: plan.epoch, row: row)
            }
            truth[slot] = Int32(plan.images.labels[row])
            targets[slot] = plan.teacher?.labels.map { $0[row] } ?? truth[slot]
            if let soft, let table = plan.teacher?.table {
                for column in 0..<classCount {
                    soft.base[slot * classCount + column] = table[row * classCount + column]
                }
            }
        }
    }
}
