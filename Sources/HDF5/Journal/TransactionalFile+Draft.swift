// SPDX-License-Identifier: Apache-2.0

import Tensors

extension TransactionalFile {
    /// A new file before it gets its name, as readers will find it then.
    ///
    /// - Throws: ``HDF5Error`` with what the reader finds wrong with it, among others.
    func draft() throws(HDF5Error) -> HDF5File {
        if let failure { throw failure }
        guard !isPublished else {
            throw HDF5Error(.mismatch, file: name, "only a file without a name is a draft")
        }
        do throws(SystemError) {
            try resize(to: allocatedEnd)
        } catch {
            fail("cannot write", error)
            if let failure { throw failure }
        }
        let region: ByteRegion
        do throws(TensorError) {
            region = try operations.region(count: allocatedEnd, patch: nil)
        } catch {
            throw HDF5Error(.system, file: name, error.description)
        }
        return try HDF5File(region: region, name: name)
    }
}
