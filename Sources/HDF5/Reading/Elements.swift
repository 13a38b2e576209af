// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Elements as they lie in a file, unfiltered and row-major.
struct Elements {
    let region: ByteRegion
    let offset: Int
    let shape: Shape
    let datatype: HDF5Datatype

    var byteCount: Int { shape.elementCount * datatype.byteCount }

    /// Lends out the bytes. They may be all that still needs the region: a pointer that is kept
    /// any longer than this is one into freed memory.
    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(region) {} }
        return try body(
            UnsafeRawBufferPointer(rebasing: region.bytes[offset..<(offset + byteCount)]))
    }

    /// The elements as a tensor: a view where they lie in the file as a tensor wants them, a
    /// converted copy where they are big-endian or of an unusual float layout. The extents of
    /// array elements join the shape.
    ///
    /// - Parameter elementType: what plain little-endian elements are, where that is known.
    /// - Throws: ``HDF5Error`` when the elements are not numbers.
    func tensor(as elementType: ElementType?) throws(HDF5Error) -> Tensor {
        var dimensions = shape.dimensions
        var base = datatype
        while case .array(let element, let extents) = base {
            dimensions += extents
            base = element
        }
        do throws(TensorError) {
            let shape = try Shape(dimensions)
            if let elementType {
                guard base.isBigEndian else {
                    return try Tensor(elementType, shape: shape, viewing: region, at: offset)
                }
                return try Tensor(
                    elementType, shape: shape,
                    viewing: swapped(byteCount: elementType.byteCount))
            }
            switch base {
            case .float(let layout):
                return try withBytes { (bytes) throws(TensorError) in
                    try layout.decode(bytes, shape: shape)
                }
            case .packedInteger(let layout):
                return try withBytes { (bytes) throws(TensorError) in
                    try layout.decode(bytes, shape: shape)
                }
            default: break
            }
        } catch {
            throw .mismatch(error.description)
        }
        throw .mismatch("elements of type \(datatype) are not numbers")
    }

    /// A copy with the bytes of every number reversed.
    private func swapped(byteCount width: Int) -> ByteRegion {
        withBytes { source in
            ByteRegion(count: source.count) { target in
                switch width {
                case 2: Self.swap(source, into: target, UInt16.self)
                case 4: Self.swap(source, into: target, UInt32.self)
                case 8: Self.swap(source, into: target, UInt64.self)
                default: target.copyMemory(from: source)
                }
            }
        }
    }

    private static func swap<Word: FixedWidthInteger & BitwiseCopyable>(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, _: Word.Type
    ) {
        let width = MemoryLayout<Word>.size
        for offset in stride(from: 0, to: source.count, by: width) {
            let word = source.loadUnaligned(fromByteOffset: offset, as: Word.self)
            target.storeBytes(of: word.byteSwapped, toByteOffset: offset, as: Word.self)
        }
    }
}
