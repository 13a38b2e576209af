// SPDX-License-Identifier: Apache-2.0

import CDeflate
import Glibc

/// Undoes the filters of chunks, one after another, in buffers of its own.
final class ChunkDecoder {
    static let mostWorkers = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    private let pipeline: FilterPipeline
    private let index: ChunkIndex
    private let inflater: OpaquePointer
    private var scratch: [UnsafeMutableRawBufferPointer] = []

    /// - Throws: ``HDF5Error`` when there is no memory for a decompressor.
    init(_ pipeline: FilterPipeline, _ index: ChunkIndex) throws(HDF5Error) {
        guard let inflater = libdeflate_alloc_decompressor() else {
            throw HDF5Error(.system, "no memory for a decompressor")
        }
        self.pipeline = pipeline
        self.index = index
        self.inflater = inflater
    }

    deinit {
        libdeflate_free_decompressor(inflater)
        for buffer in scratch { buffer.deallocate() }
    }

    /// Decodes a chunk and puts its elements in their place.
    ///
    /// - Throws: ``HDF5Error`` when the chunk is damaged.
    func decode(
        _ entry: ChunkIndex.Entry, origin: [Int], from file: UnsafeRawBufferPointer,
        _ placement: ChunkPlacement, into target: UnsafeMutableRawBufferPointer
    ) throws(HDF5Error) {
        do throws(HDF5Error) {
            // Where the index was read, its chunks were found to lie inside the file.
            let stored = UnsafeRawBufferPointer(
                rebasing: file[entry.address..<(entry.address + entry.storedByteCount)])
            let isEdge = zip(origin, index.chunk).enumerated().contains { axis, part in
                part.0 + part.1 > placement.shape[axis]
            }
            let mask = isEdge && index.leavesEdgesUnfiltered ? .max : entry.filterMask
            let solid = placement.solidRange(origin: origin)
            let direct = solid.map { UnsafeMutableRawBufferPointer(rebasing: target[$0]) }
            let decoded = try undo(pipeline.applied(mask: mask), stored, direct)
            guard decoded.count == index.chunkByteCount else {
                throw .damaged(
                    "has \(decoded.count) bytes instead of \(index.chunkByteCount)")
            }
            if let direct {
                if decoded.baseAddress != UnsafeRawPointer(direct.baseAddress) {
                    direct.copyMemory(from: decoded)
                }
            } else {
                placement.copy(decoded, origin: origin, into: target)
            }
        } catch {
            throw HDF5Error(error.kind, "the chunk at \(origin) \(error.reason)")
        }
    }

    /// Undoes steps, last to first.
    ///
    /// - Parameter direct: where the outcome should lie, when it can lie in one piece.
    private func undo(
        _ applied: [(step: FilterPipeline.Step, inputByteCount: Int)],
        _ stored: UnsafeRawBufferPointer, _ direct: UnsafeMutableRawBufferPointer?
    ) throws(HDF5Error) -> UnsafeRawBufferPointer {
        var current = stored
        for (position, part) in applied.enumerated().reversed() {
            switch part.step {
            case .fletcher32:
                guard current.count >= 4 else { throw .damaged("is too short for its checksum") }
                let body = UnsafeRawBufferPointer(rebasing: current.dropLast(4))
                let sum = current.loadUnaligned(fromByteOffset: body.count, as: UInt32.self)
                guard Fletcher32.matches(body, stored: UInt32(littleEndian: sum)) else {
                    throw .damaged("does not match its fletcher32 checksum")
                }
                current = body
            case .deflate:
                let output = buffer(part.inputByteCount, isLast: position == 0 ? direct : nil)
                let result = libdeflate_zlib_decompress(
                    inflater, current.baseAddress, current.count, output.baseAddress,
                    output.count, nil)
                guard result == LIBDEFLATE_SUCCESS else {
                    throw .damaged("does not inflate to the \(output.count) bytes of a chunk")
                }
                current = UnsafeRawBufferPointer(output)
            case .lzf:
                let output = buffer(part.inputByteCount, isLast: position == 0 ? direct : nil)
                guard LZF.decompress(current, into: output) else {
                    throw .damaged("does not unpack to the \(output.count) bytes of a chunk")
                }
                current = UnsafeRawBufferPointer(output)
            case .shuffle(let width):
                let output = buffer(current.count, isLast: position == 0 ? direct : nil)
                Shuffle.undo(current, elementByteCount: width, into: output)
                current = UnsafeRawBufferPointer(output)
            }
        }
        return current
    }

    /// A buffer for what a step gives: the final place, or scratch that is not in use.
    private func buffer(
        _ count: Int, isLast direct: UnsafeMutableRawBufferPointer?
    ) -> UnsafeMutableRawBufferPointer {
        if let direct, direct.count == count { return direct }
        // A step reads one buffer and writes another, so two by turns are enough.
        if scratch.count == 2 { scratch.swapAt(0, 1) }
        if scratch.count < 2 || scratch[0].count < count {
            let fresh = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(count, index.chunkByteCount + 4), alignment: 64)
            if scratch.count < 2 {
                scratch.insert(fresh, at: 0)
            } else {
                scratch[0].deallocate()
                scratch[0] = fresh
            }
        }
        return UnsafeMutableRawBufferPointer(rebasing: scratch[0][..<count])
    }
}
