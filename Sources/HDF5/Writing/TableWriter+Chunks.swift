// SPDX-License-Identifier: Apache-2.0

import CHDF5
import Dispatch
import Tensors

extension TableWriter {
    /// Makes the dataset, which has no chunks yet.
    func create() throws(HDF5Error) {
        try writer.perform(object: path) { session throws(HDF5Error) in
            let type = try LibraryTypes.element(elementType)
            let space = try LibrarySpace(shape.dimensions)
            let creation = try PropertyList(retort_dataset_creation_class)
            let list = creation.id
            // A table without elements has no chunks to filter.
            if !encoders.isEmpty {
                let extents = ([rowsPerChunk] + shape.dimensions.dropFirst()).map { hsize_t($0) }
                try LibHDF5.call("H5Pset_chunk") {
                    H5Pset_chunk(list, CInt(extents.count), extents)
                }
                if elementType.byteCount > 1 {
                    try LibHDF5.call("H5Pset_shuffle") { H5Pset_shuffle(list) }
                }
                try LibHDF5.call("H5Pset_deflate") {
                    H5Pset_deflate(list, UInt32(ChunkEncoder.level))
                }
                try LibHDF5.call("H5Pset_fletcher32") { H5Pset_fletcher32(list) }
            }
            _ = try session.makeDataset(path, type.id, space, list)
            session.unfinishedTables.insert(try ObjectPath(path).text)
        }
    }

    /// Compresses and writes whole chunks, as many at a time as there are encoders.
    func flush(_ chunks: Slice<UnsafeRawBufferPointer>) throws(HDF5Error) {
        let bytes = UnsafeRawBufferPointer(rebasing: chunks)
        let chunkByteCount = chunkByteCount
        var start = 0
        while start < bytes.count {
            let end = min(start + encoders.count * 2 * chunkByteCount, bytes.count)
            let batch = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            try write(encode(batch))
            start = end
        }
    }

    private func encode(_ batch: UnsafeRawBufferPointer) -> [ChunkEncoder.Encoded] {
        let size = chunkByteCount
        let width = elementType.byteCount
        let count = batch.count / size
        let workers = encoders.count
        return [ChunkEncoder.Encoded](unsafeUninitializedCapacity: count) { output, initialized in
            // Each worker has an encoder of its own and writes places of its own.
            nonisolated(unsafe) let output = output
            nonisolated(unsafe) let encoders = encoders
            nonisolated(unsafe) let batch = batch
            DispatchQueue.concurrentPerform(iterations: min(workers, count)) { worker in
                for index in stride(from: worker, to: count, by: workers) {
                    let chunk = UnsafeRawBufferPointer(
                        rebasing: batch[(index * size)..<((index + 1) * size)])
                    output.initializeElement(
                        at: index, to: encoders[worker].encode(chunk, elementByteCount: width))
                }
            }
            initialized = count
        }
    }

    private func write(_ chunks: [ChunkEncoder.Encoded]) throws(HDF5Error) {
        try writer.perform(object: path) { session throws(HDF5Error) in
            let text = try ObjectPath(path).text
            let dataset = try LibraryHandle("H5Dopen2", closedBy: H5Dclose) {
                H5Dopen2(session.id, text, retort_default())
            }
            let target = dataset.id
            var offset = [hsize_t](repeating: 0, count: shape.rank)
            for chunk in chunks {
                offset[0] = hsize_t(chunksWritten * rowsPerChunk)
                try LibHDF5.call("H5Dwrite_chunk") {
                    H5Dwrite_chunk(
                        target, retort_default(), chunk.mask, offset, chunk.bytes.count,
                        chunk.bytes)
                }
                chunksWritten += 1
            }
        }
    }
}
