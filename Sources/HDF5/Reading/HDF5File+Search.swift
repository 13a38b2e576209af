// SPDX-License-Identifier: Apache-2.0

public import Tensors

extension HDF5File {
    /// Groups of a damaged file, found by the signatures and checksums of their headers, for when
    /// the way from the root to them is lost. Removed groups that were not overwritten are among
    /// them.
    ///
    /// - Returns: roots of files of their own, in the order in which they lie in the region.
    public static func groups(in region: ByteRegion, name: String) -> [HDF5Group] {
        var groups: [HDF5Group] = []
        // A sound file's objects are below two or three groups each; a made-up one's may be below
        // all others.
        var budget = 4 * ReadingGuard.mostObjects
        let bytes = region.bytes
        var place = 0
        while budget > 0, let address = bytes[place...].firstIndex(of: UInt8(ascii: "O")) {
            place = address + 1
            guard address + 4 <= bytes.count,
                bytes[address..<(address + 4)].elementsEqual("OHDR".utf8)
            else { continue }
            let reader = MetadataReader(bytes: bytes, endOfFile: bytes.count)
            guard let header = try? ObjectHeader(at: address, reader),
                header.first(.linkInfo) != nil,
                let file = try? HDF5File(region: region, name: name, root: address)
            else { continue }
            groups.append(file.root)
            budget -= file.nodes.count
        }
        return groups
    }
}
