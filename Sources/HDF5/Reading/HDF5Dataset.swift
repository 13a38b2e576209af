// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// An array of elements in an HDF5 file.
public struct HDF5Dataset: Sendable {
    let file: HDF5File
    public let path: String
    let node: DatasetNode

    public var datatype: HDF5Datatype { node.datatype }

    /// The extents; (0) for a null dataspace. Array elements keep their extents in ``datatype``.
    public var shape: Shape { node.dataspace.shape }

    /// Whether the dataset has a null dataspace: no extents at all.
    public var isNull: Bool { node.dataspace.isNull }

    /// The extents it may grow to; nil stands for no limit.
    public var largestDimensions: [Int?] { node.dataspace.largest }

    /// In the order in which a writer applies them.
    public var filters: [HDF5Filter] { node.filters }

    public var attributes: [HDF5Attribute] { node.attributes }

    /// What tells the dataset from others: paths with equal addresses are hard links to one.
    public var address: Int { node.address }

    /// The attribute of that name.
    public func attribute(_ name: String) -> HDF5Attribute? {
        attributes.first { $0.name == name }
    }

    public var layout: HDF5Layout {
        switch node.storage {
        case .compact: .compact
        case .contiguous(let address, _): .contiguous(address: address)
        case .chunked(let index): .chunked(chunk: index.chunk, stored: index.entries.count)
        case .unread(let feature): .unread(feature)
        }
    }

    /// Bytes that the elements take in the file.
    public var storedByteCount: Int {
        switch node.storage {
        case .compact(let region): region.count
        case .contiguous(_, let count): count
        case .chunked(let index): index.storedByteCount
        case .unread: 0
        }
    }

    /// The kind of number the elements are, or nil where they are none.
    ///
    /// Keras writes bfloat16 as opaque elements of two bytes with an attribute `dtype`; those are
    /// BF16 here. Retort writes FP8 as bytes with an attribute `tensor_dtype`.
    public var elementType: ElementType? {
        if let elementType = datatype.elementType {
            guard elementType == .u8, let texts = attribute("tensor_dtype")?.texts,
                let named = texts.first.flatMap(ElementType.init(rawValue:)),
                texts.count == 1, !named.isNumeric
            else { return elementType }
            return named
        }
        guard case .opaque(let byteCount, _) = datatype,
            let texts = attribute("dtype")?.texts, texts.count == 1
        else { return nil }
        switch (texts[0], byteCount) {
        case ("bfloat16", 2): return .bf16
        case ("float8_e4m3fn", 1): return .f8e4m3
        case ("float8_e5m2", 1): return .f8e5m2
        default: return nil
        }
    }
}

/// How the elements of a dataset lie in the file.
public enum HDF5Layout: Hashable, Sendable {
    /// Within the object header.
    case compact
    /// In one piece; `address` is nil when nothing was written.
    case contiguous(address: Int?)
    /// In blocks of `chunk` elements, of which `stored` were written.
    case chunked(chunk: [Int], stored: Int)
    /// In a way that is not read, which the text names.
    case unread(String)
}

extension HDF5Layout: CustomStringConvertible {
    public var description: String {
        switch self {
        case .compact: "compact"
        case .contiguous: "contiguous"
        case .chunked(let chunk, _): "chunked " + chunk.map(String.init).joined(separator: "x")
        case .unread(let feature): feature
        }
    }
}
