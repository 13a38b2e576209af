// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import HDF5
import Tensors

/// A store with one of everything that a flipped bit could hit: all kinds of object, tables of one
/// and of many chunks, an index of chunks of two levels, groups with many and with few members,
/// names that share objects, arrays that share bytes, and the space of removed objects.
enum WornStore {
    static func make(at path: String) throws {
        try makeStore(at: path) { writer in
            for epoch in 0..<30 {
                try writer.append(
                    checkpoint: Sample.checkpoint(scale: Float(epoch)), named: "net@\(epoch)")
            }
            try writer.link(.checkpoint, named: "net@3", as: "net")
            var resumable = Sample.checkpoint(scale: 0.5)
            resumable.tensors = try Sample.everyType()
            resumable.optimizer = Sample.tensors(scale: 9)
            try writer.append(checkpoint: resumable, named: "resumable")
        }
        try change(path) { writer in
            for epoch in stride(from: 4, to: 30, by: 2) {
                try writer.remove(.checkpoint, named: "net@\(epoch)")
            }
            try writer.append(softLabels: Sample.softLabels(), named: "cache")
        }
        try change(path) { writer in
            try writer.append(dataset: DatasetContent(images: images()), named: "many-chunks")
            try writer.append(dataset: DatasetContent(images: Sample.images), named: "digits")
            try writer.append(adversarialSet: Sample.adversarialSet(), named: "small")
            try writer.append(adversarialSet: largeSet(), named: "large")
            try writer.append(adversarialSet: Sample.adversarialSet(shift: 0.5), named: "sharing")
            try writer.remove(.adversarialSet, named: "small")
        }
        try split(path, "/datasets/many-chunks/images", images().images)
    }

    private static func change(_ path: String, _ body: (StoreWriter) throws -> Void) throws {
        let writer = try StoreWriter.open(path: path)
        defer { writer.close() }
        try body(writer)
        try writer.commit()
    }

    /// Stores an array again with one row a chunk: enough chunks for an index of two levels.
    private static func split(_ path: String, _ array: String, _ tensor: Tensor) throws {
        let writer = try HDF5Writer.open(path: path)
        defer { writer.close() }
        try writer.unlink(array)
        try writer.writeTable(tensor, at: array, rowsPerChunk: 1)
        try writer.setAttribute(.string("U8"), named: "tensor_dtype", at: array)
        try writer.setAttribute(.string("NCHW"), named: "axes", at: array)
        try writer.commit()
    }

    private static func images() throws -> LabelledImages {
        let pixels = (0..<(150 * 16)).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
        return try LabelledImages(
            images: Tensor(trusted: .u8, shape: [150, 1, 4, 4], values: pixels),
            labels: (0..<150).map { $0 % 3 }, classCount: 3, classNames: ["zero", "one", "zwei"])
    }

    /// Two chunks of half a megabyte each, one of which compresses.
    private static func largeSet() -> AdversarialSetContent {
        let count = 200
        var state: UInt32 = 7
        let clean = (0..<(count * 784)).map { index -> Float in
            state = state &* 1_664_525 &+ 1_013_904_223
            return index < count * 400 ? Float(index % 5) : Float(state >> 8) / Float(1 << 24)
        }
        var set = Sample.adversarialSet()
        set.clean = Tensor(clean, shape: [count, 1, 28, 28])
        set.adversarial = Tensor(clean.map { $0 + 0.25 }, shape: [count, 1, 28, 28])
        set.labels = (0..<count).map { $0 % 10 }
        set.targets = [Int](repeating: -1, count: count)
        set.status = (0..<count).map { UInt8($0 % 2) }
        set.margin = Tensor((0..<count).map { Float($0) }, shape: [count])
        set.distance = Tensor((0..<count).map { Float($0) }, shape: [count])
        set.rowIndex = (0..<count).map { $0 }
        return set
    }
}
