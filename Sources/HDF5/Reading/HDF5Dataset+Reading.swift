// SPDX-License-Identifier: Apache-2.0

public import Tensors

extension HDF5Dataset {
    /// All elements as a tensor.
    ///
    /// Contiguous little-endian elements are a view of the mapped file: nothing is read until the
    /// tensor is. Chunks are decompressed in parallel. Big-endian elements, and floating-point
    /// layouts that have no element type, are converted. The extents of array elements join the
    /// shape.
    ///
    /// - Throws: ``HDF5Error`` naming the dataset when its elements are no numbers, are kept in a
    ///   way that is not read, are damaged, or would take memory that the file does not justify.
    public func tensor() throws(HDF5Error) -> Tensor {
        try located { () throws(HDF5Error) in
            try converted(elements(rows: nil))
        }
    }

    /// The rows `rows` of the outermost axis as a tensor; only the chunks that hold them are read.
    ///
    /// - Throws: ``HDF5Error`` as ``tensor()`` does, and for rows that are not there.
    public func tensor(rows: Range<Int>) throws(HDF5Error) -> Tensor {
        try located { () throws(HDF5Error) in
            guard shape.rank > 0, rows.lowerBound >= 0, rows.upperBound <= shape[0] else {
                throw .mismatch("rows \(rows) are not in a dataset of shape \(shape)")
            }
            return try converted(elements(rows: rows))
        }
    }

    /// Elements as a tensor. Numbers of an odd layout may take more bytes than in the file.
    private func converted(_ elements: Elements) throws(HDF5Error) -> Tensor {
        if elementType == nil, let type = datatype.tensorType {
            let count = elements.byteCount / datatype.innermost.byteCount
            let (bytes, overflow) = count.multipliedReportingOverflow(by: type.byteCount)
            try ReadingGuard.check(memory: overflow ? .max : bytes, stored: storedByteCount)
        }
        return try elements.tensor(as: elementType)
    }

    /// All elements as text, of fixed or variable length, in row-major order, arrays of them one
    /// after the other.
    ///
    /// - Throws: ``HDF5Error`` naming the dataset when its elements are not text, among others.
    public func strings() throws(HDF5Error) -> [String] {
        try located { () throws(HDF5Error) in
            switch datatype.innermost {
            case .fixedString(let byteCount, let padding):
                return try elements(rows: nil).withBytes {
                    FixedText.texts($0, byteCount: byteCount, padding: padding)
                }
            case .variableString:
                var heap = file.globalHeap
                return try elements(rows: nil).withBytes { (references) throws(HDF5Error) in
                    try heap.texts(references, count: references.count / 16)
                }
            default: throw .mismatch("elements of type \(datatype) are not text")
            }
        }
    }

    /// All elements as sequences of numbers, in row-major order, each a tensor of one axis.
    ///
    /// - Throws: ``HDF5Error`` naming the dataset when its elements are no such sequences, among
    ///   others.
    public func sequences() throws(HDF5Error) -> [Tensor] {
        try located { () throws(HDF5Error) in
            guard case .sequence(let base) = datatype, base.tensorType != nil else {
                throw .mismatch("elements of type \(datatype) are not sequences of numbers")
            }
            var heap = file.globalHeap
            return try elements(rows: nil).withBytes { (references) throws(HDF5Error) in
                try heap.sequences(of: base, references, count: shape.elementCount)
            }
        }
    }

    /// All elements as records. The extents of array elements join the shape.
    ///
    /// - Throws: ``HDF5Error`` naming the dataset when its elements are not compound, among others.
    public func records() throws(HDF5Error) -> HDF5Records {
        try located { () throws(HDF5Error) in
            guard let records = HDF5Records(file, path, try elements(rows: nil)) else {
                throw .mismatch("elements of type \(datatype) are not records")
            }
            return records
        }
    }

    /// All elements as they lie in the file, row-major: the values of opaque types, say.
    ///
    /// - Throws: ``HDF5Error`` as ``tensor()`` does.
    public func withUnsafeBytes<Result>(
        _ body: (UnsafeRawBufferPointer) -> Result
    ) throws(HDF5Error) -> Result {
        try located { () throws(HDF5Error) in try elements(rows: nil).withBytes(body) }
    }

    private func located<Result>(
        _ body: () throws(HDF5Error) -> Result
    ) throws(HDF5Error) -> Result {
        do throws(HDF5Error) { return try body() } catch {
            throw error.located(file: file.path, object: path)
        }
    }

    /// The elements of some rows, or of all, unfiltered.
    private func elements(rows: Range<Int>?) throws(HDF5Error) -> Elements {
        if case .unread(let feature) = node.storage {
            throw .unsupported("is kept in \(feature), which is not read")
        }
        let shape = try shape(of: rows)
        let rowBytes = try byteCount(of: shape, rows: 1)
        let count = try byteCount(of: shape, rows: nil)
        let start = (rows?.lowerBound ?? 0) * rowBytes
        switch node.storage {
        case .compact(let region):
            return Elements(region: region, offset: start, shape: shape, datatype: datatype)
        case .contiguous(let address?, _):
            return Elements(
                region: file.contents, offset: address + start, shape: shape, datatype: datatype)
        case .contiguous(nil, _):
            try ReadingGuard.check(memory: count, stored: 0)
            let region = ByteRegion(count: count) { fill($0) }
            return Elements(region: region, offset: 0, shape: shape, datatype: datatype)
        case .chunked(let index):
            try ReadingGuard.check(memory: count, stored: index.storedByteCount)
            let region = try decodeChunks(
                index, rows: rows ?? 0..<(self.shape.dimensions.first ?? 1), count)
            return Elements(region: region, offset: 0, shape: shape, datatype: datatype)
        case .unread: preconditionFailure("handled above")
        }
    }

    private func shape(of rows: Range<Int>?) throws(HDF5Error) -> Shape {
        guard let rows else { return shape }
        do throws(TensorError) {
            return try Shape([rows.count] + shape.dimensions.dropFirst())
        } catch {
            throw .mismatch(error.description)
        }
    }

    /// Bytes of `rows` rows, or of all of them. The product was checked for all of them when the
    /// file was opened.
    private func byteCount(of shape: Shape, rows: Int?) throws(HDF5Error) -> Int {
        guard rows == nil || shape.rank == 0 || shape[0] == 0 else {
            return shape.elementCount / shape[0] * datatype.byteCount
        }
        return shape.elementCount * datatype.byteCount
    }

    /// Writes the fill value over and over.
    func fill(_ target: UnsafeMutableRawBufferPointer) {
        guard !node.fill.isEmpty else {
            target.initializeMemory(as: UInt8.self, repeating: 0)
            return
        }
        node.fill.withUnsafeBytes { value in
            for start in stride(from: 0, to: target.count - value.count + 1, by: value.count) {
                UnsafeMutableRawBufferPointer(rebasing: target[start..<(start + value.count)])
                    .copyMemory(from: value)
            }
        }
    }
}
