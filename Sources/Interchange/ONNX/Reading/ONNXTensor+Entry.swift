// SPDX-License-Identifier: Apache-2.0

import Tensors

extension ONNXTensor {
    /// The tensor as an entry called `name`, every size checked against the bytes that are there.
    ///
    /// - Parameter files: the files beside the model that its tensors have been read from so far.
    /// - Throws: ``InterchangeError`` naming the tensor, what it holds and what it should.
    func entry(
        named name: String, in region: ByteRegion, path: String, files: inout ONNXExternalFiles
    ) throws(InterchangeError) -> WeightEntry {
        let shape = try checkedShape(path: path)
        guard let type = ONNXDataType.all[dataType] else {
            throw failure(
                .malformed, path, "found the data type \(dataType), which ONNX does not define")
        }
        switch storage {
        case .none:
            guard shape.elementCount == 0 else {
                throw failure(.malformed, path, "it has no values, expected \(shape) of them")
            }
            return try viewing(region, 0..<0, type, shape, name, path)
        case .raw(let range):
            guard type.bitCount > 0 else {
                throw failure(.malformed, path, "its text is in raw_data, where only numbers go")
            }
            try check(range.count, type, shape, "bytes of raw data", path)
            return try viewing(region, range, type, shape, name, path)
        case .external(let data):
            let (file, range) = try files.find(data, of: self, path: path)
            guard type.bitCount > 0 else {
                throw failure(
                    .malformed, path, "its text is in another file, where only numbers go")
            }
            let expected = type.rawByteCount(of: shape.elementCount)
            guard data.length != nil || range.count >= expected ?? .max else {
                throw failure(
                    .malformed, path,
                    "'\(data.location)' has \(range.count) bytes from its offset, expected \(type.name) \(shape)"
                )
            }
            let end = range.lowerBound + (data.length ?? expected ?? 0)
            try check(end - range.lowerBound, type, shape, "bytes in '\(data.location)'", path)
            return try viewing(file, range.lowerBound..<end, type, shape, name, path)
        case .typed(let values):
            return try entry(of: values, type, shape, named: name, in: region, path: path)
        }
    }

    private func checkedShape(path: String) throws(InterchangeError) -> Shape {
        do throws(TensorError) {
            return try Shape(dimensions)
        } catch {
            throw failure(.malformed, path, error.description)
        }
    }

    private func check(
        _ count: Int, _ type: ONNXDataType, _ shape: Shape, _ what: String, _ path: String
    ) throws(InterchangeError) {
        guard let expected = type.rawByteCount(of: shape.elementCount), count == expected else {
            throw failure(
                .malformed, path,
                "found \(count) \(what), expected \(type.rawByteCount(of: shape.elementCount) ?? .max) for \(type.name) \(shape)"
            )
        }
    }

    private func viewing(
        _ region: ByteRegion, _ range: Range<Int>, _ type: ONNXDataType, _ shape: Shape,
        _ name: String, _ path: String
    ) throws(InterchangeError) -> WeightEntry {
        guard let elementType = type.elementType else {
            return unread(name, type, shape, byteCount: range.count, path)
        }
        return WeightEntry(
            name: name, elementType: elementType, shape: shape, storedByteCount: range.count
        ) { () throws(InterchangeError) in
            do throws(TensorError) {
                return try Tensor(elementType, shape: shape, viewing: region, at: range.lowerBound)
            } catch {
                throw InterchangeError(.malformed, path, error)
            }
        }
    }

    private func entry(
        of values: TypedValues, _ type: ONNXDataType, _ shape: Shape, named name: String,
        in region: ByteRegion, path: String
    ) throws(InterchangeError) -> WeightEntry {
        guard values.field == type.typedField else {
            throw failure(
                .malformed, path,
                "its values are in field \(values.field), expected field \(type.typedField) for \(type.name)"
            )
        }
        guard let expected = type.typedCount(of: shape.elementCount), values.count == expected
        else {
            throw failure(
                .malformed, path,
                "found \(values.count) values, expected \(shape.elementCount) for \(shape)")
        }
        guard let elementType = type.elementType else {
            // Numbers as raw_data would have them; text as it is.
            let byteCount =
                type.bitCount == 0
                ? values.byteCount : type.rawByteCount(of: shape.elementCount) ?? 0
            return unread(name, type, shape, byteCount: byteCount, path)
        }
        if let chunk = values.chunk { return try viewing(region, chunk, type, shape, name, path) }
        let decoder = ONNXTypedDecoder(
            region: region, message: message, field: values.field, path: path, tensor: name)
        return WeightEntry(
            name: name, elementType: elementType, shape: shape, storedByteCount: values.byteCount
        ) { () throws(InterchangeError) in try decoder.tensor(elementType, shape: shape) }
    }

    private func unread(
        _ name: String, _ type: ONNXDataType, _ shape: Shape, byteCount: Int, _ path: String
    ) -> WeightEntry {
        WeightEntry(
            unread: name, typeName: type.name, shape: shape, byteCount: byteCount,
            reason: "elements of type \(type.name) are listed and not read", subject: path)
    }

    func failure(
        _ kind: InterchangeError.Kind, _ path: String, _ problem: String
    ) -> InterchangeError {
        InterchangeError(kind, path, "tensor '\(name)': \(problem)")
    }
}
