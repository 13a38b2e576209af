// SPDX-License-Identifier: Apache-2.0

import Tensors

extension FileOperations {
    /// Reads the whole file with our own reader, so that libhdf5 never sees a byte of a file that
    /// is damaged or made to mislead.
    ///
    /// - Throws: ``HDF5Error`` with what the reader finds wrong.
    func accept(name: String) throws(HDF5Error) {
        let count = try refusal("cannot read its size", file: name) { () throws(SystemError) in
            try size()
        }
        let region: ByteRegion
        do throws(TensorError) {
            region = try self.region(count: count)
        } catch {
            throw HDF5Error(.system, file: name, error.description)
        }
        _ = try HDF5File(region: region, name: name)
    }
}
