// SPDX-License-Identifier: Apache-2.0

/// The part of HDF5 that Retort writes. Nothing else in a file that exists already is ever handed
/// to libhdf5, whose parsers of the rest have a long record of memory errors.
extension HDF5File {
    /// Makes sure that the whole file uses only what Retort itself writes, so that libhdf5 may
    /// open it: superblock version 2, checksummed object headers, hard links, plain types, and
    /// structures that do not overlap.
    ///
    /// - Throws: ``HDF5Error`` naming the object and the feature that stand against it.
    public func requireWritable() throws(HDF5Error) {
        do throws(HDF5Error) {
            guard superblock.version == 2, superblock.extensionAddress == nil else {
                throw .unsupported(
                    "superblock version \(superblock.version)"
                        + (superblock.extensionAddress == nil ? "" : " with an extension")
                        + " is not what Retort writes: 2 without one")
            }
            guard userBlockByteCount == 0 else {
                throw .unsupported("a user block is not written here")
            }
            if let foreignFeature { throw foreignFeature }
            try requirePlainObjects()
        } catch {
            throw error.located(file: path)
        }
    }

    private func requirePlainObjects() throws(HDF5Error) {
        var pending = [HDF5Object.group(root)]
        var seen: Set<Int> = []
        while let object = pending.popLast() {
            switch object {
            case .group(let group):
                guard seen.insert(group.address).inserted else { continue }
                try Self.requirePlain(group.attributes, of: group.path)
                pending += group.members.map(\.object)
            case .dataset(let dataset):
                guard seen.insert(dataset.address).inserted else { continue }
                do throws(HDF5Error) {
                    try Self.requirePlain(dataset.node)
                } catch {
                    throw error.located(object: dataset.path)
                }
                try Self.requirePlain(dataset.attributes, of: dataset.path)
            case .datatype(let datatype):
                throw HDF5Error(
                    .unsupported, object: datatype.path, "a committed datatype is not written here")
            case .unread(let object): throw object.error
            case .link(let link):
                throw HDF5Error(
                    .unsupported, object: link.path,
                    "only hard links are written here, and this one leads to \(link.target)")
            }
        }
    }

    private static func requirePlain(
        _ attributes: [HDF5Attribute], of path: String
    ) throws(HDF5Error) {
        for attribute in attributes where !attribute.datatype.isPlain {
            throw HDF5Error(
                .unsupported, object: path,
                "attribute \(attribute.name) of type \(attribute.datatype) is not written here")
        }
    }

    private static func requirePlain(_ node: DatasetNode) throws(HDF5Error) {
        guard node.datatype.isPlain else {
            throw .unsupported("elements of type \(node.datatype) are not written here")
        }
        switch node.storage {
        case .compact, .contiguous: break
        case .chunked(let index):
            guard index.kind == .btree1 else {
                throw .unsupported("its kind of chunk index is not written here")
            }
            _ = try FilterPipeline(node.filters, chunkByteCount: index.chunkByteCount)
        case .unread(let feature): throw .unsupported("\(feature) is not written here")
        }
    }
}

extension HDF5Datatype {
    /// Whether values lie in the element itself, so that no heap is needed to read them.
    fileprivate var isPlain: Bool {
        switch self {
        case .integer, .float, .fixedString, .opaque: true
        case .enumeration(let base, _), .array(let base, _): base.isPlain
        case .compound(_, let members): members.allSatisfy { $0.datatype.isPlain }
        case .packedInteger, .variableString, .sequence, .other: false
        }
    }
}
