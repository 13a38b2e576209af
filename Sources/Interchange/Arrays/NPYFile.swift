// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The NPY file as a file of weights: one tensor called `array`.
enum NPYFile: WritableWeightCodec {
    static let entryName = "array"

    static func open(_ region: ByteRegion, path: String) throws(InterchangeError) -> WeightFile {
        let layout = try NPY.Layout(region.bytes, byteCount: region.count, path: path)
        if let refusal = layout.refusal(path: path) { throw refusal }
        let entry = layout.entry(entryName, byteCount: region.count, stored: nil, path: path) {
            () throws(InterchangeError) in try layout.tensor(region, path: path)
        }
        return WeightFile(
            path: path, format: .npy, byteCount: region.count, entries: [entry],
            metadataByteCount: layout.dataStart)
    }

    static func problems(_ region: ByteRegion, path: String, full: Bool) -> [FileProblem] {
        do throws(InterchangeError) {
            let file = try open(region, path: path)
            // Only elements of booleans can be wrong.
            if full { for entry in file.entries { _ = try entry.tensor() } }
            return []
        } catch {
            return [FileProblem(object: "", problem: error.problem)]
        }
    }

    static func write(_ content: WeightContent, to path: String) throws(InterchangeError) {
        guard let entry = content.entries.first, content.entries.count == 1 else {
            throw InterchangeError(
                .unsupported, path,
                "an NPY file holds one tensor, not \(content.entries.count); write an NPZ archive")
        }
        try NPY.write(try entry.tensor(), to: path)
    }
}

extension NPY.Layout {
    /// The array as an entry of a file of weights.
    ///
    /// - Parameters:
    ///   - byteCount: of the NPY file.
    ///   - stored: bytes that the file takes in an archive, when compressed there.
    ///   - override: the type that the elements have, where the header has no name for it.
    func entry(
        _ name: String, byteCount: Int, stored: Int?, as override: ElementType? = nil,
        path: String, load: @escaping @Sendable () throws(InterchangeError) -> Tensor
    ) -> WeightEntry {
        switch header.elements {
        case .numbers(let elementType, _):
            WeightEntry(
                name: name, elementType: override ?? elementType, shape: shape,
                storedByteCount: stored, load: load)
        case .foreign(let descr, let meaning):
            WeightEntry(
                unread: name, typeName: descr.utf8.count <= 16 ? descr : meaning, shape: shape,
                byteCount: byteCount - dataStart,
                reason: "it holds \(meaning)", subject: path)
        }
    }
}
