// SPDX-License-Identifier: Apache-2.0

import Tensors

extension HDF5Dataset {
    /// Why the elements are not read, whatever they are, as far as that is known without reading
    /// any: they are kept elsewhere or behind filters that are not read, or more is declared than
    /// what is stored can justify. Nil where they can be asked for.
    public var refusal: String? {
        do throws(HDF5Error) {
            switch node.storage {
            case .unread(let feature):
                throw .unsupported("is kept in \(feature), which is not read")
            case .chunked(let index):
                _ = try FilterPipeline(filters, chunkByteCount: index.chunkByteCount)
                try ReadingGuard.check(memory: byteCount, stored: index.storedByteCount)
            case .contiguous(nil, _): try ReadingGuard.check(memory: byteCount, stored: 0)
            case .compact, .contiguous: break
            }
            return nil
        } catch {
            return error.reason
        }
    }

    /// Bytes of all elements. The product was checked when the file was opened.
    private var byteCount: Int { shape.elementCount * datatype.byteCount }
}
