// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors

extension HDF5File {
    /// Maps a file and reads its metadata: the state of its last commit, also when a writer died
    /// between making that durable and copying it into place, and while another one is being written.
    ///
    /// Tensors stay views of this state, whatever is committed later.
    ///
    /// - Parameter tolerance: whether damage to one object keeps the others from being read.
    /// - Throws: ``HDF5Error`` naming the path, the object and what is wrong with it.
    public convenience init(
        path: String, tolerance: HDF5Tolerance = .none
    ) throws(HDF5Error) {
        let file = try PosixFile(opening: path, writable: false)
        // Gives back the lock as well; the mapping stays.
        defer { file.close() }
        try self.init(
            reading: file, name: path, patience: .seconds(5), tolerance: tolerance)
    }

    /// Reads the metadata of the file behind `operations`, in the state of its last commit.
    ///
    /// - Parameter patience: how long to wait for a writer that is applying a commit.
    convenience init(
        reading operations: any FileOperations, name: String, patience: Duration,
        tolerance: HDF5Tolerance = .none
    ) throws(HDF5Error) {
        let isShared = try refusal("cannot lock", file: name) { () throws(SystemError) in
            try operations.waitForReading(atMost: patience)
        }
        guard isShared else {
            throw HDF5Error(.locked, file: name, "another program is writing to it")
        }
        // From here until the metadata has been read, no commit is applied.
        let (size, journal) = try refusal("cannot read", file: name) { () throws(SystemError) in
            (try operations.size(), try Journal.read(from: operations))
        }
        let region: ByteRegion
        do throws(TensorError) {
            // What the next writer will leave of the file, and nothing of the journal itself.
            region = try operations.region(
                count: journal?.newEnd ?? size, patch: journal.map { $0.apply(to:) })
        } catch {
            throw HDF5Error(.system, file: name, error.description)
        }
        try self.init(region: region, name: name, tolerance: tolerance)
    }
}

extension FileOperations {
    /// Takes the shared lock; on a file system without locks there is nobody to wait for.
    fileprivate func waitForReading(atMost patience: Duration) throws(SystemError) -> Bool {
        do throws(SystemError) {
            return try wait(for: .shared, atMost: patience)
        } catch {
            guard [ENOSYS, ENOLCK, EOPNOTSUPP, EINVAL].contains(error.code) else { throw error }
            return true
        }
    }
}

/// Runs system calls and gives a refusal its sentence.
func refusal<Value>(
    _ what: String, file: String, _ body: () throws(SystemError) -> Value
) throws(HDF5Error) -> Value {
    do throws(SystemError) {
        return try body()
    } catch {
        throw HDF5Error(.system, file: file, "\(what): \(error)")
    }
}
