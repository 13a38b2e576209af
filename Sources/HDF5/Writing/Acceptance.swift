// SPDX-License-Identifier: Apache-2.0
extension FileOperations {
    func accept(name: String) throws(HDF5Error) {}
}
