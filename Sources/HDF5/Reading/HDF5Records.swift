// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Compound elements, read member by member.
public struct HDF5Records: Sendable {
    let file: HDF5File
    let path: String
    let elements: Elements
    public let members: [HDF5Member]
    /// Where these records begin in an element, and how far apart elements are.
    let base: Int
    let stride: Int

    /// Nil where the elements are no compounds or arrays of them.
    init?(_ file: HDF5File, _ path: String, _ elements: Elements) {
        var base = elements.datatype
        var dimensions = elements.shape.dimensions
        while case .array(let element, let extents) = base {
            dimensions += extents
            base = element
        }
        guard case .compound(let byteCount, let members) = base, let shape = try? Shape(dimensions)
        else { return nil }
        self.file = file
        self.path = path
        self.elements = Elements(
            region: elements.region, offset: elements.offset, shape: shape, datatype: base)
        self.members = members
        self.base = 0
        stride = byteCount
    }

    private init(part members: [HDF5Member], of records: HDF5Records, at offset: Int) {
        file = records.file
        path = records.path
        elements = records.elements
        self.members = members
        base = records.base + offset
        stride = records.stride
    }

    /// How many records there are, over all axes.
    public var count: Int { elements.shape.elementCount }

    /// A member of all records as a tensor of the dataset's shape, followed by the extents of the
    /// member where it is an array.
    ///
    /// - Throws: ``HDF5Error`` when there is no such member or it is not numeric.
    public func tensor(_ name: String) throws(HDF5Error) -> Tensor {
        let member = try member(name)
        return try located(name) { () throws(HDF5Error) in
            try column(member).tensor(as: member.datatype.elementType)
        }
    }

    /// A member of all records as text, arrays of it one after the other.
    ///
    /// - Throws: ``HDF5Error`` when there is no such member or it is not text.
    public func strings(_ name: String) throws(HDF5Error) -> [String] {
        let member = try member(name)
        return try located(name) { () throws(HDF5Error) in
            let column = column(member)
            switch member.datatype.innermost {
            case .fixedString(let byteCount, let padding):
                return column.withBytes {
                    FixedText.texts($0, byteCount: byteCount, padding: padding)
                }
            case .variableString:
                var heap = file.globalHeap
                return try column.withBytes { (references) throws(HDF5Error) in
                    try heap.texts(references, count: references.count / 16)
                }
            default: throw .mismatch("elements of type \(member.datatype) are not text")
            }
        }
    }

    /// A member that is itself compound, or an array of compounds, whose extents join the shape.
    ///
    /// - Throws: ``HDF5Error`` when there is no such member or it is not compound.
    public func records(_ name: String) throws(HDF5Error) -> HDF5Records {
        let member = try member(name)
        if case .compound(_, let members) = member.datatype {
            return HDF5Records(part: members, of: self, at: member.offset)
        }
        guard let records = HDF5Records(file, path, column(member)) else {
            throw HDF5Error(
                .mismatch, file: file.path, object: path, "member \(name) is \(member.datatype)")
        }
        return records
    }

    /// A member of all records as sequences of numbers, each a tensor of one axis.
    ///
    /// - Throws: ``HDF5Error`` when there is no such member or it is no such sequence.
    public func sequences(_ name: String) throws(HDF5Error) -> [Tensor] {
        let member = try member(name)
        return try located(name) { () throws(HDF5Error) in
            guard case .sequence(let base) = member.datatype, base.tensorType != nil else {
                throw .mismatch("elements of type \(member.datatype) are not sequences")
            }
            var heap = file.globalHeap
            return try column(member).withBytes { (references) throws(HDF5Error) in
                try heap.sequences(of: base, references, count: count)
            }
        }
    }

    /// The raw bytes of a member, record after record.
    ///
    /// - Throws: ``HDF5Error`` when there is no such member.
    public func bytes(_ name: String) throws(HDF5Error) -> [UInt8] {
        try column(member(name)).withBytes { [UInt8]($0) }
    }

    private func member(_ name: String) throws(HDF5Error) -> HDF5Member {
        guard let member = members.first(where: { $0.name == name }) else {
            throw HDF5Error(
                .missing, file: file.path, object: path,
                "the records have no member \(name); they have "
                    + members.map(\.name).joined(separator: ", "))
        }
        return member
    }

    private func located<Result>(
        _ name: String, _ body: () throws(HDF5Error) -> Result
    ) throws(HDF5Error) -> Result {
        do throws(HDF5Error) { return try body() } catch {
            throw HDF5Error(
                error.kind, file: file.path, object: path, "member \(name): \(error.reason)")
        }
    }

    /// A member of all records, gathered.
    private func column(_ member: HDF5Member) -> Elements {
        let width = member.datatype.byteCount
        let region = elements.withBytes { source in
            ByteRegion(count: count * width) { target in
                for index in 0..<count {
                    let start = index * stride + base + member.offset
                    UnsafeMutableRawBufferPointer(
                        rebasing: target[(index * width)..<((index + 1) * width)]
                    ).copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: source[start..<(start + width)]))
                }
            }
        }
        return Elements(region: region, offset: 0, shape: elements.shape, datatype: member.datatype)
    }
}
