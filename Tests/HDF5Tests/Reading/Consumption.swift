// SPDX-License-Identifier: Apache-2.0

@testable import HDF5
import Tensors

// The target `hdf5` of tools/fuzz runs this file, too.

/// Opens a file and reads everything in it, as the tools do.
///
/// - Returns: the first thing that was refused, or nil where all of it was read.
func consume(_ bytes: [UInt8]) -> HDF5Error? {
    consume(bytes.withUnsafeBytes { ByteRegion(copying: $0) })
}

func consume(_ region: ByteRegion) -> HDF5Error? {
    do throws(HDF5Error) {
        return consume(try HDF5File(region: region, name: "mutant"))
    } catch {
        return error
    }
}

func consume(_ file: HDF5File) -> HDF5Error? {
    var first: HDF5Error?
    var sum = UInt64(file.space.unaccounted)
    do throws(HDF5Error) { try file.requireWritable() } catch { sum &+= 1 }
    sum &+= UInt64(file.contradictions.count + file.liveBytes.count)
    var pending = [HDF5Object.group(file.root)]
    var seen: Set<Int> = []
    while let object = pending.popLast() {
        let attributes: [HDF5Attribute]
        switch object {
        case .group(let group):
            guard seen.insert(group.address).inserted else { continue }
            attributes = group.attributes
            pending += group.members.map(\.object)
        case .dataset(let dataset):
            guard seen.insert(dataset.address).inserted else { continue }
            attributes = dataset.attributes
            sum &+= UInt64(dataset.refusal?.utf8.count ?? 0)
            do throws(HDF5Error) { sum &+= try consume(dataset) } catch { first = first ?? error }
        case .datatype(let type): attributes = type.attributes
        case .link: attributes = []
        case .unread(let object):
            attributes = []
            first = first ?? object.error
        }
        for attribute in attributes {
            sum &+= UInt64(attribute.name.utf8.count + attribute.datatype.description.utf8.count)
            do throws(HDF5Error) { sum &+= UInt64(try attribute.strings().count) } catch {
                do throws(HDF5Error) { sum &+= touch(try attribute.tensor()) } catch {
                    first = first ?? error
                }
            }
        }
    }
    // Keeps the reads from being optimised away.
    precondition(sum != .max)
    return first
}

private func consume(_ dataset: HDF5Dataset) throws(HDF5Error) -> UInt64 {
    switch dataset.datatype.innermost {
    case .fixedString, .variableString: return UInt64(try dataset.strings().count)
    case .sequence: return try touch(dataset.sequences())
    case .compound: return try consume(try dataset.records())
    default:
        let count = dataset.shape.dimensions.first ?? 0
        if count > 1 { _ = try dataset.tensor(rows: count / 2..<count) }
        return touch(try dataset.tensor())
    }
}

private func consume(_ records: HDF5Records) throws(HDF5Error) -> UInt64 {
    var sum: UInt64 = 0
    for member in records.members {
        switch member.datatype.innermost {
        case .fixedString, .variableString:
            sum &+= UInt64(try records.strings(member.name).count)
        case .sequence: sum &+= try touch(records.sequences(member.name))
        case .compound:
            sum &+= try consume(try records.records(member.name))
        default: sum &+= touch(try records.tensor(member.name))
        }
    }
    return sum
}

private func touch(_ sequences: [Tensor]) -> UInt64 {
    sequences.reduce(0) { $0 &+ touch($1) }
}

/// Reads the first, the last and some bytes between, so that a view outside its memory is caught.
private func touch(_ tensor: Tensor) -> UInt64 {
    tensor.withUnsafeBytes { bytes in
        guard !bytes.isEmpty else { return 0 }
        var sum = UInt64(bytes[bytes.count - 1])
        for index in stride(from: 0, to: bytes.count, by: 251) { sum &+= UInt64(bytes[index]) }
        return sum
    }
}
