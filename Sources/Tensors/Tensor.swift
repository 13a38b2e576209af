// SPDX-License-Identifier: Apache-2.0

/// A dense array of numbers: element type, shape, and little-endian row-major bytes.
///
/// The bytes are owned or are a view of a mapped file; a tensor is a value either way, and
/// copying it copies a reference.
public struct Tensor: Sendable {
    public let elementType: ElementType
    public let shape: Shape
    private let region: ByteRegion
    private let offset: Int
    public let byteCount: Int

    /// A view of `region` that starts `offset` bytes into it.
    ///
    /// - Throws: ``TensorError`` when the view does not lie inside the region.
    public init(
        _ elementType: ElementType, shape: Shape, viewing region: ByteRegion, at offset: Int = 0
    ) throws(TensorError) {
        let byteCount = try shape.byteCount(of: elementType)
        guard offset >= 0, offset <= region.count, byteCount <= region.count - offset else {
            throw TensorError(
                "a tensor of \(byteCount) bytes at offset \(offset) does not fit in \(region.count) bytes"
            )
        }
        self.elementType = elementType
        self.shape = shape
        self.region = region
        self.offset = offset
        self.byteCount = byteCount
    }

    /// A tensor that owns a copy of `bytes`.
    ///
    /// - Throws: ``TensorError`` when the byte count does not match the shape.
    public init(
        _ elementType: ElementType, shape: Shape, copying bytes: UnsafeRawBufferPointer
    ) throws(TensorError) {
        let expected = try shape.byteCount(of: elementType)
        guard bytes.count == expected else {
            throw TensorError(
                "\(elementType) \(shape) takes \(expected) bytes, found \(bytes.count)")
        }
        try self.init(elementType, shape: shape, viewing: ByteRegion(copying: bytes))
    }

    /// A tensor whose bytes `fill` writes; the buffer it gets is uninitialised.
    public init(
        _ elementType: ElementType, shape: Shape,
        fill: (UnsafeMutableRawBufferPointer) throws -> Void
    ) throws {
        let region = try ByteRegion(count: shape.byteCount(of: elementType), fill: fill)
        try self.init(elementType, shape: shape, viewing: region)
    }

    /// An F32 tensor. Traps when the number of values does not match the shape.
    public init(_ values: [Float], shape: Shape) {
        self.init(trusted: .f32, shape: shape, values: values)
    }

    /// A tensor of values the program itself made, stored with their own representation.
    /// Traps when their size does not match.
    public init<Value: BitwiseCopyable>(
        trusted elementType: ElementType, shape: Shape, values: [Value]
    ) {
        precondition(MemoryLayout<Value>.size == elementType.byteCount)
        let region = values.withUnsafeBytes { ByteRegion(copying: $0) }
        do throws(TensorError) {
            precondition(values.count == shape.elementCount, "values do not fill the shape")
            self = try Tensor(elementType, shape: shape, viewing: region)
        } catch {
            preconditionFailure(error.description)
        }
    }

    /// Whether the bytes are a view of a mapped file.
    public var isMapped: Bool { region.isMapped }

    /// Lets the system take back the memory of a tensor that is a view of a mapped file; it can be
    /// used as before.
    public func releasePages() {
        ByteRegion(part: offset..<(offset + byteCount), of: region).releasePages()
    }

    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bytes = UnsafeRawBufferPointer(rebasing: region.bytes[offset..<(offset + byteCount)])
        return try body(bytes)
    }

    /// The same bytes under another shape with as many elements.
    ///
    /// - Throws: ``TensorError`` when the element counts differ.
    public func reshaped(to shape: Shape) throws(TensorError) -> Tensor {
        guard shape.elementCount == self.shape.elementCount else {
            throw TensorError("cannot reshape \(self.shape) to \(shape)")
        }
        return try Tensor(elementType, shape: shape, viewing: region, at: offset)
    }

    /// The same bytes as elements of another type: FP8 numbers in a file that has bytes only.
    ///
    /// - Throws: ``TensorError`` when elements of the types differ in size.
    public func reinterpreted(as elementType: ElementType) throws(TensorError) -> Tensor {
        guard elementType.byteCount == self.elementType.byteCount else {
            throw TensorError("the bytes of \(self.elementType) cannot be \(elementType)")
        }
        return try Tensor(elementType, shape: shape, viewing: region, at: offset)
    }

    /// Rows `range` of the outermost axis, as a view.
    ///
    /// - Throws: ``TensorError`` for a scalar or rows that are not there.
    public func rows(_ range: Range<Int>) throws(TensorError) -> Tensor {
        guard shape.rank > 0, range.lowerBound >= 0, range.upperBound <= shape[0] else {
            throw TensorError("rows \(range) are not in a tensor of shape \(shape)")
        }
        let rowBytes = shape[0] == 0 ? 0 : byteCount / shape[0]
        let view = try Shape([range.count] + shape.dimensions.dropFirst())
        return try Tensor(
            elementType, shape: view, viewing: region, at: offset + range.lowerBound * rowBytes)
    }
}

extension Tensor: Equatable {
    /// Equal types, shapes and bytes; NaNs compare by their bits.
    public static func == (left: Tensor, right: Tensor) -> Bool {
        left.elementType == right.elementType && left.shape == right.shape
            && left.withUnsafeBytes { a in right.withUnsafeBytes { b in a.elementsEqual(b) } }
    }
}

extension Tensor: CustomStringConvertible {
    public var description: String { "\(elementType) \(shape)" }
}
