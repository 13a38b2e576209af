// SPDX-License-Identifier: Apache-2.0

import CHDF5
import Glibc

/// The virtual file driver through which libhdf5 sees a ``TransactionalFile``.
///
/// It opens nothing by name: the file is handed over in ``opening`` while the library opens it, so
/// that an external link, external storage or a virtual dataset cannot make the library open
/// another one. It has no lock function, so the library never marks a file as open for writing.
enum FileDriver {
    /// The file that the current call of H5Fopen or H5Fcreate is about. Set and read under the
    /// lock of ``LibHDF5``.
    nonisolated(unsafe) static var opening: TransactionalFile?

    /// The driver as the library wants it described; it keeps the address. Written once, here.
    nonisolated(unsafe) static let definition: UnsafePointer<H5FD_class_t> = {
        let definition = UnsafeMutablePointer<H5FD_class_t>.allocate(capacity: 1)
        definition.initialize(to: H5FD_class_t())
        definition.pointee.name = UnsafePointer(strdup("retort"))
        definition.pointee.maxaddr = haddr_t(Int.max)
        definition.pointee.fc_degree = H5F_CLOSE_STRONG
        // Freed metadata serves metadata again, never raw data.
        definition.pointee.fl_map = (
            H5FD_MEM_SUPER, H5FD_MEM_SUPER, H5FD_MEM_SUPER, H5FD_MEM_DRAW, H5FD_MEM_DRAW,
            H5FD_MEM_SUPER, H5FD_MEM_SUPER
        )
        addOpening(to: &definition.pointee)
        addSpace(to: &definition.pointee)
        addTransfer(to: &definition.pointee)
        return UnsafePointer(definition)
    }()

    private static func addOpening(to driver: inout H5FD_class_t) {
        driver.open = { _, _, _, _ in
            guard let file = FileDriver.opening else { return nil }
            let memory = UnsafeMutablePointer<retort_driver_file>.allocate(capacity: 1)
            memory.initialize(to: retort_driver_file())
            memory.pointee.owner = Unmanaged.passRetained(file).toOpaque()
            return UnsafeMutableRawPointer(memory).assumingMemoryBound(to: H5FD_t.self)
        }
        driver.close = { base in
            guard let base else { return -1 }
            let memory = UnsafeMutableRawPointer(base).assumingMemoryBound(
                to: retort_driver_file.self)
            Unmanaged<TransactionalFile>.fromOpaque(memory.pointee.owner).release()
            memory.deallocate()
            return 0
        }
        driver.cmp = { left, right in
            let a = FileDriver.owner(left), b = FileDriver.owner(right)
            return a == b ? 0 : (UInt(bitPattern: a) < UInt(bitPattern: b) ? -1 : 1)
        }
        driver.query = { _, flags in
            // Metadata is gathered in blocks and joined in memory; raw data goes out as it comes.
            flags?.pointee = UInt(H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA)
            return 0
        }
        driver.get_handle = { base, _, handle in
            handle?.pointee = FileDriver.owner(base)
            return 0
        }
    }

    private static func addSpace(to driver: inout H5FD_class_t) {
        driver.get_eoa = { base, _ in haddr_t(FileDriver.file(base).allocatedEnd) }
        driver.set_eoa = { base, _, address in
            FileDriver.file(base).allocatedEnd = Int(address)
            return 0
        }
        driver.get_eof = { base, _ in
            // What the library compares with the size in the superblock when it opens a file.
            haddr_t(FileDriver.file(base).endOfFile)
        }
        driver.alloc = { base, type, _, size in
            FileDriver.file(base).allocate(Int(size), isRawData: type == H5FD_MEM_DRAW)
        }
        driver.free = { base, _, _, address, size in
            FileDriver.file(base).free(Int(address)..<(Int(address) + Int(size)))
            return 0
        }
    }

    private static func addTransfer(to driver: inout H5FD_class_t) {
        driver.read = { base, _, _, address, size, buffer in
            let target = UnsafeMutableRawBufferPointer(start: buffer, count: size)
            do throws(SystemError) {
                try FileDriver.file(base).read(into: target, at: Int(address))
                return 0
            } catch {
                FileDriver.file(base).fail("cannot read", error)
                return -1
            }
        }
        driver.write = { base, type, _, address, size, bytes in
            FileDriver.file(base).write(
                UnsafeRawBufferPointer(start: bytes, count: size), at: Int(address),
                isRawData: type == H5FD_MEM_DRAW)
            return 0
        }
        // The library flushes and truncates as it likes; only a commit means anything.
        driver.flush = { _, _, _ in 0 }
        driver.truncate = { _, _, _ in 0 }
    }

    private static func owner(_ base: UnsafePointer<H5FD_t>?) -> UnsafeMutableRawPointer? {
        UnsafeRawPointer(base)?.assumingMemoryBound(to: retort_driver_file.self).pointee.owner
    }

    private static func file(_ base: UnsafePointer<H5FD_t>?) -> TransactionalFile {
        // The library passes back what `open` returned.
        Unmanaged<TransactionalFile>.fromOpaque(owner(base)!).takeUnretainedValue()
    }
}

extension TransactionalFile {
    /// Raw data starts at multiples of 64 bytes, so that mapped tensors suit vector loads.
    static let rawAlignment = 64

    /// Space at the end of the file.
    fileprivate func allocate(_ size: Int, isRawData: Bool) -> haddr_t {
        let mask = isRawData ? Self.rawAlignment - 1 : 0
        let start = (allocatedEnd + mask) & ~mask
        let (end, overflow) = start.addingReportingOverflow(size)
        guard !overflow else { return retort_undefined_address() }
        allocatedEnd = end
        return haddr_t(start)
    }

    /// Takes back space at the end of the file, but none that is committed: a reader may have it
    /// mapped. Other freed space is left alone until the file is compacted.
    fileprivate func free(_ range: Range<Int>) {
        guard range.upperBound == allocatedEnd else { return }
        allocatedEnd = Swift.min(allocatedEnd, Swift.max(range.lowerBound, committedEnd))
    }
}
