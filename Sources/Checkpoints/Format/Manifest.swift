// SPDX-License-Identifier: Apache-2.0

internal import HDF5
internal import Tensors

/// The fixed-size records of a manifest dataset.
enum Manifest {
    private enum Field {
        static let name = "name"
        static let elementType = "tensor_dtype"
        static let rank = "rank"
        static let shape = "shape"
        static let digest = "digest"
    }
    private static let typeByteCount = 8

    /// The fields for these entries; the name field is as wide as the longest name needs.
    static func fields(for entries: [ManifestEntry]) -> [HDF5Field] {
        [
            HDF5Field(Field.name, .string(byteCount: nameByteCount(entries))),
            HDF5Field(Field.elementType, .string(byteCount: typeByteCount)),
            HDF5Field(Field.rank, .element(.u8)),
            HDF5Field(Field.shape, .array(.u64, count: StoreFormat.maximumRank)),
            HDF5Field(Field.digest, .array(.u8, count: Digest.byteCount)),
        ]
    }

    private static func nameByteCount(_ entries: [ManifestEntry]) -> Int {
        entries.map(\.name.utf8.count).max() ?? 1
    }

    /// The records, packed in the order of ``fields(for:)``.
    static func bytes(of entries: [ManifestEntry]) -> [UInt8] {
        let nameByteCount = nameByteCount(entries)
        var bytes: [UInt8] = []
        func append(_ text: String, padding count: Int) {
            bytes += text.utf8
            bytes += [UInt8](repeating: 0, count: count - text.utf8.count)
        }
        for entry in entries {
            append(entry.name, padding: nameByteCount)
            append(entry.elementType.rawValue, padding: typeByteCount)
            bytes.append(UInt8(entry.shape.rank))
            for axis in 0..<StoreFormat.maximumRank {
                let dimension = axis < entry.shape.rank ? UInt64(entry.shape[axis]) : 0
                withUnsafeBytes(of: dimension.littleEndian) { bytes.append(contentsOf: $0) }
            }
            bytes += entry.digest.bytes
        }
        return bytes
    }

    /// Reads a manifest dataset.
    ///
    /// - Throws: ``StoreError`` when fields are missing or hold what the format does not allow.
    static func entries(
        in dataset: HDF5Dataset, file: String
    ) throws(StoreError) -> [ManifestEntry] {
        func malformed(_ problem: String) -> StoreError {
            StoreError(.malformed, file: file, object: dataset.path, problem)
        }
        guard dataset.shape.rank == 1 else {
            throw malformed("a manifest has shape \(dataset.shape), expected one dimension")
        }
        let count = dataset.shape[0]
        let columns: Columns
        do throws(HDF5Error) {
            let records = try dataset.records()
            columns = Columns(
                names: try records.strings(Field.name),
                types: try records.strings(Field.elementType),
                ranks: try records.tensor(Field.rank), shapes: try records.tensor(Field.shape),
                digests: try records.tensor(Field.digest))
        } catch {
            throw StoreError(error, file: file)
        }
        do throws(TensorError) {
            return try columns.entries(count: count)
        } catch {
            throw malformed(error.description)
        }
    }
}

/// A manifest by field.
private struct Columns {
    let names: [String]
    let types: [String]
    let ranks: Tensor
    let shapes: Tensor
    let digests: Tensor

    func entries(count: Int) throws(TensorError) -> [ManifestEntry] {
        let maximumRank = StoreFormat.maximumRank
        guard ranks.elementType == .u8, ranks.shape.elementCount == count else {
            throw TensorError("field 'rank' is \(ranks), expected U8")
        }
        guard shapes.elementType == .u64, shapes.shape.elementCount == count * maximumRank else {
            throw TensorError("field 'shape' is \(shapes), expected U64 [\(maximumRank)]")
        }
        guard digests.elementType == .u8, digests.shape.elementCount == count * Digest.byteCount
        else {
            throw TensorError("field 'digest' is \(digests), expected U8 [\(Digest.byteCount)]")
        }
        let rankValues = ranks.withUnsafeBytes { Array($0) }
        let dimensions = shapes.withUnsafeBytes { bytes in
            (0..<(count * maximumRank)).map {
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self))
            }
        }
        let digestBytes = digests.withUnsafeBytes { Array($0) }
        var entries: [ManifestEntry] = []
        entries.reserveCapacity(count)
        for row in 0..<count {
            let name = names[row]
            if let problem = problem(withTensorName: name) {
                throw TensorError("record \(row) names '\(name)', but \(problem)")
            }
            guard let elementType = ElementType(rawValue: types[row]) else {
                throw TensorError("'\(name)' has the unknown element type '\(types[row])'")
            }
            let rank = Int(rankValues[row])
            guard rank <= maximumRank else {
                throw TensorError("'\(name)' has rank \(rank), expected at most \(maximumRank)")
            }
            let start = row * maximumRank
            guard dimensions[(start + rank)..<(start + maximumRank)].allSatisfy({ $0 == 0 }) else {
                throw TensorError("'\(name)' of rank \(rank) has dimensions beyond its rank")
            }
            let shape = try Shape(dimensions[start..<(start + rank)].map { Int(clamping: $0) })
            _ = try shape.byteCount(of: elementType)
            let digest = try Digest(
                bytes: Array(digestBytes[(row * Digest.byteCount)...].prefix(Digest.byteCount)))
            entries.append(
                ManifestEntry(name: name, elementType: elementType, shape: shape, digest: digest))
        }
        if let name = conflictingTensorName(in: entries.map(\.name)) {
            throw TensorError("'\(name)' occurs twice, or is a tensor and a folder of others")
        }
        return entries
    }
}
