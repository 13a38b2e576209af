// SPDX-License-Identifier: Apache-2.0

import Fuzzing
@testable import HDF5
import Tensors

@main
enum HDF5Fuzz {
    static func main() { Fuzzer.main(HDF5Target.self) }
}

/// The HDF5 reader and the journal, without anything above them.
enum HDF5Target: String, FuzzTarget {
    /// Opens a file and reads all that is in it.
    case hdf5
    /// Opens a file that may end with a journal: as a reader, which lays it over its copy, and as
    /// a writer, which finishes it.
    case journal

    func run(_ bytes: UnsafeRawBufferPointer) {
        switch self {
        // A copy of the exact size, so that the sanitizer sees every byte read beyond it.
        case .hdf5: _ = consume(ByteRegion(copying: bytes))
        case .journal: openWithJournal(Array(bytes))
        }
    }

    private func openWithJournal(_ bytes: [UInt8]) {
        let seen = Self.open(bytes)
        let file = MemoryFile(bytes)
        guard let journal = try? Journal.read(from: file) else {
            precondition(file.bytes == bytes, "looking for a journal changed the file")
            return
        }
        precondition(journal.oldEnd <= journal.newEnd && journal.newEnd <= bytes.count)
        do throws(SystemError) { try file.recover() } catch { preconditionFailure("\(error)") }
        precondition(file.bytes.count == journal.newEnd, "recovery left another size")
        precondition(
            Self.open(file.bytes) == seen, "readers see another state than the next writer")
    }

    /// The names at the root, or nil where the file is refused. The sentence may differ: a file
    /// that is cut short without its journal is long enough with it.
    private static func open(_ bytes: [UInt8]) -> [String]? {
        try? HDF5File(reading: MemoryFile(bytes), name: "fuzzed", patience: .zero).root.names
    }
}
