// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// An HDF5 file, open for reading, read by Retort itself.
///
/// Opening reads and checks all metadata; afterwards only the elements of datasets are read.
/// Links that lead elsewhere are listed and never followed, and nothing in the file makes the
/// reader open another file, load code or use more memory than its contents justify.
public final class HDF5File: Sendable {
    public let path: String
    /// The whole file.
    public let region: ByteRegion
    /// The file without its user block: addresses count from its start.
    let contents: ByteRegion
    let superblock: Superblock
    let nodes: [Node]
    /// Metadata blocks, in the order in which they were read.
    let extents: [MetadataReader.Extent]
    let flaws: [HDF5Error]
    /// What stands against letting libhdf5 open the file, where headers show it.
    let foreignFeature: HDF5Error?

    /// Reads the metadata of a file whose bytes are at hand.
    ///
    /// - Parameter tolerance: whether damage to one object keeps the others from being read.
    /// - Throws: ``HDF5Error`` naming the object and what is wrong with it.
    public init(
        region: ByteRegion, name: String, tolerance: HDF5Tolerance = .none
    ) throws(HDF5Error) {
        self.path = name
        self.region = region
        do throws(HDF5Error) {
            let start = try Superblock.offset(in: region.bytes)
            contents =
                start == 0 ? region : ByteRegion(part: start..<region.count, of: region)
            var superblock = try Superblock(contents.bytes, userBlock: start, tolerance)
            let reader = MetadataReader(bytes: contents.bytes, endOfFile: superblock.endOfFile)
            _ = try reader.block(
                at: 0, count: superblock.byteCount, "superblock",
                checksumOffset: superblock.version < 2 ? nil : superblock.byteCount - 4)
            try superblock.readExtension(reader)
            var walk = FileWalk(superblock, reader, tolerance)
            try walk.run()
            self.superblock = superblock
            nodes = walk.nodes
            extents = reader.extents + reader.globalHeap.extents
            flaws = reader.flaws
            foreignFeature = reader.foreignFeature
        } catch {
            throw error.located(file: name)
        }
    }

    /// Reads the part of a damaged file that lies below the group at `root`.
    ///
    /// - Throws: ``HDF5Error`` when there is no such group.
    init(region: ByteRegion, name: String, root: Int) throws(HDF5Error) {
        path = name
        self.region = region
        contents = region
        superblock = Superblock(root: root, endOfFile: region.count)
        let reader = MetadataReader(bytes: region.bytes, endOfFile: region.count)
        var walk = FileWalk(superblock, reader, .damage)
        try walk.run()
        nodes = walk.nodes
        extents = reader.extents
        foreignFeature = reader.foreignFeature
        flaws = reader.flaws
    }

    /// Bytes before the HDF5 contents that belong to other programs; MATLAB writes 512.
    public var userBlockByteCount: Int { region.count - contents.count }

    /// Values of variable length that datasets refer to.
    var globalHeap: GlobalHeap {
        GlobalHeap(bytes: contents.bytes, endOfFile: superblock.endOfFile)
    }

    public var root: HDF5Group {
        // The walk accepts no file whose first node is not a group.
        guard case .group(let node) = nodes[0] else { preconditionFailure("no root group") }
        return HDF5Group(file: self, path: "/", node: node)
    }

    /// The object at a slash-separated path, or nil where there is none. "" and "/" are the root.
    public func object(at path: String) -> HDF5Object? {
        var object = HDF5Object.group(root)
        for name in path.split(separator: "/", omittingEmptySubsequences: true) {
            guard case .group(let group) = object, let next = group[String(name)] else {
                return nil
            }
            object = next
        }
        return object
    }
}

/// How much may be wrong with a file that is opened.
public enum HDF5Tolerance: Sendable {
    /// Nothing: damage anywhere refuses the file.
    case none
    /// Objects other than the root may be damaged: they are listed as unread, and the file may
    /// end early. For rescuing what is left.
    case damage
}

extension Superblock {
    /// Reads the superblock extension, which holds what newer writers add to a superblock.
    mutating func readExtension(_ reader: MetadataReader) throws(HDF5Error) {
        guard let address = extensionAddress else { return }
        let header = try ObjectHeader(at: address, reader)
        for message in header.messages {
            var cursor = message.cursor
            switch message.type {
            case .btreeK:
                let version = try cursor.u8()
                guard version == 0 else { throw .unsupported("B-tree K version \(version)") }
                chunkK = try cursor.u16()
                groupInternalK = try cursor.u16()
                groupLeafK = try cursor.u16()
                guard chunkK > 0, groupInternalK > 0, groupLeafK > 0 else {
                    throw .damaged("the superblock extension gives B-tree nodes no entries")
                }
            case .driverInfo:
                throw .unsupported("driver information (a family or multi file) is not read")
            case .cacheImage:
                throw .unsupported("a metadata cache image is not read")
            default: continue
            }
        }
    }
}
