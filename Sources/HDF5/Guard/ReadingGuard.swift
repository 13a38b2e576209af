// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What is accepted of files of unknown origin: the one profile behind every command.
///
/// The format allows far more. What real files do not need and hostile files live on is refused,
/// with a sentence that names the object and the rule. The rules that are no numbers stand where
/// the bytes are read: ``MetadataReader`` lets no structure lie outside the file or be used twice,
/// and checks every checksum; links other than hard ones are listed and never followed; external
/// storage, virtual datasets and filters that are not ours are never opened, loaded or run.
enum ReadingGuard {
    /// Objects of a file.
    static let mostObjects = 1 << 20
    /// Groups between the root and an object.
    static let deepestPath = 64
    /// Ways from the root to objects, over all hard links.
    static let mostPaths = 1 << 21
    /// Attributes of an object.
    static let mostAttributes = 1_024
    /// Bytes of an attribute's elements. Text of variable length, such as Keras's configurations,
    /// lies elsewhere and is bounded by the size of the file.
    static let largestAttribute = 64 << 10
    /// Axes of a dataspace.
    static let highestRank = 8
    /// Datatypes within datatypes.
    static let deepestDatatype = 16
    /// Bytes of an unfiltered chunk: each worker holds up to three of them.
    static let largestChunk = 256 << 20
    /// Bytes that elements may take in memory, however few are stored.
    static let freeMemory = 16 << 20
    /// Bytes that one stored byte can stand for: deflate makes at most 1,032 of one, LZF 88.
    static let greatestInflation = 1_032
}

extension ReadingGuard {
    /// Names of links are text that can be shown and be part of a path.
    static func check(linkName name: String) throws(HDF5Error) {
        guard !name.isEmpty, name != ".", !name.utf8.contains(where: { $0 == 0 || $0 == 0x2F })
        else { throw .damaged("a link cannot be called \"\(name)\"") }
        guard name != "..", !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw .unsupported(
                "a link is called \(name.debugDescription): control characters and \"..\" are not"
                    + " accepted in names")
        }
    }

    static func check(attributeCount count: Int) throws(HDF5Error) {
        guard count <= mostAttributes else {
            throw .limit("has more than \(mostAttributes) attributes")
        }
    }

    static func check(attribute name: String, byteCount: Int) throws(HDF5Error) {
        guard byteCount <= largestAttribute else {
            throw .limit(
                "attribute \(name) has \(byteCount) bytes, more than \(largestAttribute)")
        }
    }

    static func check(rank: Int) throws(HDF5Error) {
        guard rank <= 32 else { throw .damaged("a dataspace has rank \(rank)") }
        guard rank <= highestRank else {
            throw .limit("a dataspace has \(rank) axes, more than \(highestRank)")
        }
    }

    static func check(datatypeDepth depth: Int) throws(HDF5Error) {
        guard depth < deepestDatatype else {
            throw .limit("datatypes are nested more than \(deepestDatatype) deep")
        }
    }

    static func check(chunkByteCount count: Int) throws(HDF5Error) {
        guard count <= largestChunk else {
            throw .limit("chunks of \(count) bytes are larger than \(largestChunk)")
        }
    }

    /// Bytes of elements, wherever they are. Eight for each byte are still a number, so that sizes
    /// need no further checks: nothing that elements are converted to takes more.
    static func byteCount(of shape: Shape, _ datatype: HDF5Datatype) throws(HDF5Error) -> Int {
        let (count, overflow) = shape.elementCount.multipliedReportingOverflow(
            by: datatype.byteCount)
        guard !overflow, count <= Int.max / 8 else {
            throw .damaged("\(shape) elements of \(datatype) overflow 64 bits")
        }
        return count
    }

    /// What is compressed twice can make a file of a few bytes fill any memory.
    static func checkDistinct(_ filters: [HDF5Filter]) throws(HDF5Error) {
        var seen: Set<Int> = []
        for filter in filters where !seen.insert(filter.identifier).inserted {
            throw .unsupported("is filtered by \(filter) twice, which is not read")
        }
        guard !seen.isSuperset(of: [HDF5Filter.deflate, HDF5Filter.lzf]) else {
            throw .unsupported("is compressed by deflate and by lzf, which is not read")
        }
    }

    /// Refuses to take memory that the bytes in the file do not justify: what was never written
    /// costs nothing to declare.
    static func check(memory count: Int, stored: Int) throws(HDF5Error) {
        let (most, overflow) = stored.multipliedReportingOverflow(by: greatestInflation)
        guard overflow || count <= max(freeMemory, most) else {
            throw .limit(
                "declares \(count) bytes but only \(stored) are stored: too little for that much")
        }
    }
}
