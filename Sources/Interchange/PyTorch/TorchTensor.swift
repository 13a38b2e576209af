// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Bytes that tensors are views of, kept beside the pickle.
struct TorchStorage: Hashable, Sendable {
    let key: String
    /// Nil for storages of bytes, whose tensors say their type.
    let type: TorchElementType?
    /// Elements, bytes where there is no type.
    let count: Int
    let byteCount: Int
    /// Elements before the ones that are meant: storages were views of others before 0.4.
    let start: Int
}

/// A tensor as a pickle describes it: elements of a storage by offset, shape and strides.
struct TorchTensor: Hashable, Sendable {
    let storage: TorchStorage
    let type: TorchElementType
    /// In elements.
    let offset: Int
    let shape: Shape
    /// In elements, none negative.
    let strides: [Int]
    /// When dense.
    let byteCount: Int
    /// Elements of the storage from the first to the last that belong to it.
    let span: Int

    static let rankLimit = 64
    /// Dense bytes that may be made of fewer stored ones: expanded masks and the like.
    private static let freeByteCount = 32 << 20

    /// Why the numbers describe no tensor: a sentence's part.
    struct Fault: Error {
        let text: String

        init(_ text: String) { self.text = text }
    }

    init(
        _ storage: TorchStorage, _ type: TorchElementType, offset: Int, sizes: [Int],
        strides: [Int]
    ) throws(Fault) {
        guard sizes.count == strides.count, sizes.count <= Self.rankLimit else {
            throw Fault("found \(sizes.count) sizes and \(strides.count) strides")
        }
        guard offset >= 0, strides.allSatisfy({ $0 >= 0 }) else {
            throw Fault("a stride or the offset is negative")
        }
        let shape: Shape
        do throws(TensorError) {
            shape = try Shape(sizes)
        } catch {
            throw Fault(error.description)
        }
        let (start, overflow) = offset.addingReportingOverflow(storage.start)
        let (byteCount, tooLarge) = shape.elementCount.multipliedReportingOverflow(
            by: type.byteCount)
        guard !overflow, !tooLarge else { throw Fault("shape \(shape) is too large") }
        var last = 0
        for (size, stride) in zip(sizes, strides) where shape.elementCount > 0 {
            let (step, wrong) = (size - 1).multipliedReportingOverflow(by: stride)
            let (sum, wrongSum) = last.addingReportingOverflow(step)
            guard !wrong, !wrongSum else { throw Fault("its strides leave the storage") }
            last = sum
        }
        self.storage = storage
        self.type = type
        self.offset = start
        self.shape = shape
        self.strides = strides
        self.byteCount = byteCount
        span = shape.elementCount == 0 ? 0 : last + 1
        // The declared size; whether the bytes are there is for whoever holds them.
        let available = storage.byteCount / type.byteCount
        guard start <= available, span <= available - start || span == 0 else {
            let key = PickleText.escaped(storage.key)
            throw Fault(
                "its \(span) elements from \(start) on leave storage '\(key)' of \(available)")
        }
    }

    var isContiguous: Bool {
        var expected = 1
        for axis in strides.indices.reversed() where shape[axis] != 1 {
            if strides[axis] != expected { return false }
            expected &*= shape[axis]
        }
        return true
    }

    /// Why the elements are not made, if it repeats so few stored bytes so often that the result
    /// could fill the memory.
    var refusal: String? {
        guard byteCount > Self.freeByteCount,
            byteCount / 16 > span * type.byteCount, shape.elementCount > 0
        else { return nil }
        return "its \(byteCount) bytes repeat \(span * type.byteCount) stored bytes"
    }

    /// The elements, of the storage whose bytes are `region`.
    ///
    /// - Throws: ``InterchangeError`` when the storage is shorter than it should be.
    func elements(
        in region: ByteRegion, at base: Int = 0, swapped: Bool, path: String
    ) throws(InterchangeError) -> Tensor {
        guard let elementType = type.elementType else {
            throw InterchangeError(.unsupported, path, "\(type.typeName) elements are not read")
        }
        let start = base + offset * type.byteCount
        do throws(TensorError) {
            if isContiguous || shape.elementCount == 0 {
                let view = try Tensor(elementType, shape: shape, viewing: region, at: start)
                return swapped ? view.byteSwapped() : view
            }
            let run = try Tensor(
                elementType, shape: Shape([span]), viewing: region, at: start)
            let dense = try StridedElements(shape: shape, strides: strides).gather(run)
            return swapped ? dense.byteSwapped() : dense
        } catch {
            throw InterchangeError(.malformed, path, error)
        }
    }
}
