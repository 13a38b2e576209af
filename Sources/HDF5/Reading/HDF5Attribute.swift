// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A small named value attached to an object. It was copied when the file was opened.
public struct HDF5Attribute: Sendable {
    public let name: String
    public let datatype: HDF5Datatype
    /// The extents; (0) for a null dataspace, which has no value.
    public let shape: Shape
    let value: Value

    enum Value: Sendable {
        case elements(ByteRegion)
        /// Text of variable length, already fetched from its heap.
        case texts([String])
        /// Sequences of numbers of variable length, fetched likewise.
        case sequences([Tensor])
    }

    /// The one string that this attribute is.
    ///
    /// - Throws: ``HDF5Error`` when it is not text, or not exactly one.
    public func string() throws(HDF5Error) -> String {
        let texts = try strings()
        guard texts.count == 1 else {
            throw .mismatch("attribute \(name) has \(texts.count) strings instead of one")
        }
        return texts[0]
    }

    /// The strings of this attribute, row-major; empty for an empty attribute of any type, which
    /// is how h5py writes an empty list.
    ///
    /// - Throws: ``HDF5Error`` when it is not text.
    public func strings() throws(HDF5Error) -> [String] {
        guard let texts else { throw .mismatch("attribute \(name) is \(datatype), not text") }
        return texts
    }

    /// The strings of this attribute, or nil where it is not text.
    var texts: [String]? {
        if shape.elementCount == 0 { return [] }
        switch (value, datatype.innermost) {
        case (.texts(let texts), _): return texts
        case (.elements(let region), .fixedString(let byteCount, let padding)):
            return FixedText.texts(region.bytes, byteCount: byteCount, padding: padding)
        default: return nil
        }
    }

    /// The sequences of this attribute, row-major, each a tensor of one axis.
    ///
    /// - Throws: ``HDF5Error`` unless the elements are sequences of numbers.
    public func sequences() throws(HDF5Error) -> [Tensor] {
        guard case .sequences(let sequences) = value else {
            throw .mismatch("attribute \(name) is \(datatype), not sequences of numbers")
        }
        return sequences
    }

    /// - Throws: ``HDF5Error`` unless the elements are numbers.
    public func tensor() throws(HDF5Error) -> Tensor {
        guard case .elements(let region) = value else {
            throw .mismatch("attribute \(name) is \(datatype), not numbers")
        }
        do throws(HDF5Error) {
            return try Elements(region: region, offset: 0, shape: shape, datatype: datatype)
                .tensor(as: datatype.elementType)
        } catch {
            throw error.located(object: "attribute \(name)")
        }
    }

    /// - Throws: ``HDF5Error`` unless the elements are integers or booleans that fit.
    public func integers() throws(HDF5Error) -> [Int] {
        let tensor = try tensor()
        do throws(TensorError) { return try tensor.integers() } catch {
            throw .mismatch("attribute \(name): \(error)")
        }
    }

    /// - Throws: ``HDF5Error`` unless the elements are numbers.
    public func floats() throws(HDF5Error) -> [Double] {
        let tensor = try tensor()
        guard tensor.elementType == .f64 else {
            do throws(TensorError) { return try tensor.floats().map(Double.init) } catch {
                throw .mismatch("attribute \(name): \(error)")
            }
        }
        return tensor.withUnsafeBytes { bytes in
            (0..<tensor.shape.elementCount).map {
                bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self)
            }
        }
    }
}

extension HDF5Attribute {
    /// Reads an attribute message (format specification, section IV.A.2.m).
    init(parsing cursor: inout ByteCursor, _ reader: MetadataReader) throws(HDF5Error) {
        let version = try cursor.u8()
        guard (1...3).contains(version) else {
            throw .unsupported("attribute message version \(version) is not known")
        }
        let flags = try cursor.u8()
        let nameCount = try cursor.u16()
        let datatypeCount = try cursor.u16()
        let dataspaceCount = try cursor.u16()
        if version == 3 { try cursor.skip(1) }
        // Version 1 pads each part to a multiple of eight bytes.
        func padded(_ count: Int) -> Int { version == 1 ? (count + 7) & ~7 : count }
        let nameField = try cursor.take(padded(nameCount)).prefix(nameCount).prefix { $0 != 0 }
        name = try UnsafeRawBufferPointer(rebasing: nameField).utf8Text("name of an attribute")
        var datatypeField = try cursor.sub(padded(datatypeCount))
        if version > 1, flags & 1 != 0 {
            reader.note(foreign: "an attribute of a committed datatype is not written here")
        }
        datatype =
            version > 1 && flags & 1 != 0
            ? try reader.sharedDatatype(&datatypeField)
            : try HDF5Datatype(parsing: &datatypeField)
        var dataspaceField = try cursor.sub(padded(dataspaceCount))
        guard version == 1 || flags & 2 == 0 else {
            throw .unsupported("attribute \(name) has a shared dataspace, which is not read")
        }
        let dataspace = try Dataspace(parsing: &dataspaceField)
        shape = dataspace.shape
        let (count, overflow) = shape.elementCount.multipliedReportingOverflow(
            by: datatype.byteCount)
        guard !overflow, count <= cursor.remaining else {
            throw .damaged("attribute \(name) of type \(datatype) and shape \(shape) is cut short")
        }
        try ReadingGuard.check(attribute: name, byteCount: count)
        let elements = try cursor.take(count)
        try reader.copy(count)
        switch datatype {
        case .variableString:
            value = .texts(try reader.globalHeap.texts(elements, count: shape.elementCount))
        case .sequence(let base) where base.tensorType != nil:
            value = .sequences(
                try reader.globalHeap.sequences(of: base, elements, count: shape.elementCount))
        default: value = .elements(ByteRegion(copying: elements))
        }
    }
}
