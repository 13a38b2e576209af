// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The safetensors file: a header of JSON and one buffer that the tensors fill.
enum SafetensorsFile: WritableWeightCodec {
    static func isHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        SafetensorsHeader.isStart(bytes)
    }

    static func open(_ region: ByteRegion, path: String) throws(InterchangeError) -> WeightFile {
        let header = SafetensorsHeader(region.bytes)
        if let fault = header.faults.list.first { throw fault.error(path, "tensor") }
        var entries = header.entries.map { entry in
            weightEntry(entry, dataStart: header.byteCount, region: region, path: path)
        }
        // The order of the buffer is that of the widths; people read names.
        entries.sort { NaturalOrder.precedes($0.name, $1.name) }
        return WeightFile(
            path: path, format: .safetensors, byteCount: region.count, entries: entries,
            metadata: header.metadata.mapValues { .string($0) },
            metadataByteCount: header.byteCount)
    }

    static func problems(_ region: ByteRegion, path: String, full: Bool) -> [FileProblem] {
        SafetensorsHeader(region.bytes).faults.list.map(\.fileProblem)
    }

    private static func weightEntry(
        _ entry: SafetensorsHeader.Entry, dataStart: Int, region: ByteRegion, path: String
    ) -> WeightEntry {
        let (name, shape) = (entry.name, entry.shape)
        guard let elementType = entry.type.elementType else {
            return WeightEntry(
                unread: name, typeName: entry.type.rawValue, shape: shape,
                byteCount: entry.range.count,
                reason: "elements of type \(entry.type.rawValue) are listed and not read",
                subject: path)
        }
        let offset = dataStart + entry.range.lowerBound
        return WeightEntry(name: name, elementType: elementType, shape: shape) {
            () throws(InterchangeError) in
            do throws(TensorError) {
                return try Tensor(elementType, shape: shape, viewing: region, at: offset)
            } catch {
                throw InterchangeError(.malformed, path, error)
            }
        }
    }
}
