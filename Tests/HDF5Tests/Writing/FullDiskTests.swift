// SPDX-License-Identifier: Apache-2.0

import Foundation
@testable import HDF5
import Tensors
import TestSupport
import Testing

@Suite struct FullDiskTests {
    /// Sizes of the disk, in KiB, from room for nothing but the base to room for the tensors and
    /// not for the commit.
    @Test(.enabled(if: SmallDisk.isPossible, "mounting a tmpfs is not permitted here"))
    func aDiskThatFillsUpLeavesTheOldState() throws {
        for kibibytes in [64, 96, 128, 160, 192, 224, 256, 288] {
            try SmallDisk.with(kibibytes: kibibytes) { folder in
                let path = folder + "/store.h5"
                let writer = try HDF5Writer.create(path: path)
                try Workload.twoCheckpoints(writer)
                try writer.commit()
                writer.close()
                let before = try contents(of: HDF5File(path: path))

                let full = try HDF5Writer.open(path: path)
                var committed = 0
                let error = #expect(throws: HDF5Error.self) {
                    for index in 0..<40 {
                        try full.write(patterned(.f32, [4000]), at: "t\(index)")
                        if index % 5 == 4 {
                            try full.commit()
                            committed = index + 1
                        }
                    }
                }
                #expect(error?.kind == .system)
                #expect(error?.description.contains("No space left on device") == true)
                full.close()

                let after = try HDF5File(path: path)
                #expect(after.root.count == 1 + committed)
                if committed == 0 { #expect(try contents(of: after) == before) }
                // With the space given back the store can be written again.
                let next = try HDF5Writer.open(path: path)
                try next.setAttribute(.integer(1), named: "again", at: "/")
                try next.commit()
                next.close()
                #expect(try HDF5File(path: path).root.value("again").integers() == [1])
            }
        }
    }
}

/// A file system in memory with room for little.
private enum SmallDisk {
    static let isPossible: Bool = {
        do {
            try with(kibibytes: 16) { _ in }
            return true
        } catch {
            return false
        }
    }()

    static func with(kibibytes: Int, _ body: (String) throws -> Void) throws {
        try withTemporaryDirectory { folder in
            guard
                mount("tmpfs", folder.path, "tmpfs", 0, "size=\(kibibytes)k") == 0
            else { throw SystemError(code: errno) }
            defer { umount2(folder.path, CInt(MNT_DETACH)) }
            try body(folder.path)
        }
    }
}
