// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// One tensor of a weight file: what the file says of it, and a way to its elements.
public struct WeightEntry: Sendable {
    /// The name as the file has it; unique in its file.
    public var name: String
    /// The element type in safetensors' words, or the format's own word (`Q4_K`) where Retort has
    /// none.
    public var typeName: String
    /// Nil where elements are of a type that is listed and not read.
    public var elementType: ElementType?
    public var shape: Shape
    /// Bytes of the elements when dense.
    public var byteCount: Int
    /// Bytes that the elements take in the file; less than ``byteCount`` when compressed or shared.
    public var storedByteCount: Int
    /// What the tensor is in its model, where the file says so.
    public var role: ParameterRole?
    /// The content digest that the file itself states.
    public var digest: Digest?
    /// The first entry with the very same storage, where there is one: tied weights.
    public var sharedWith: String?
    /// The name the tensor had in the file it was converted from, where this file keeps it.
    public var sourceName: String?
    private let loader: @Sendable () throws(InterchangeError) -> Tensor

    /// - Parameter load: gives the elements; called anew for every use, so that no file's worth
    ///   of tensors is ever in memory at once.
    public init(
        name: String, elementType: ElementType, shape: Shape, storedByteCount: Int? = nil,
        role: ParameterRole? = nil, load: @escaping @Sendable () throws(InterchangeError) -> Tensor
    ) {
        self.name = name
        self.typeName = elementType.rawValue
        self.elementType = elementType
        self.shape = shape
        // Readers have checked the product against the bytes that are there.
        byteCount = shape.elementCount * elementType.byteCount
        self.storedByteCount = storedByteCount ?? byteCount
        self.role = role
        loader = load
    }

    /// An entry whose elements are listed and never read.
    public init(
        unread name: String, typeName: String, shape: Shape, byteCount: Int, reason: String,
        subject: String
    ) {
        self.name = name
        self.typeName = typeName
        elementType = nil
        self.shape = shape
        self.byteCount = byteCount
        storedByteCount = byteCount
        loader = { () throws(InterchangeError) in
            throw InterchangeError(.unsupported, subject, "tensor '\(name)': \(reason)")
        }
    }

    /// An entry of a tensor at hand.
    public init(name: String, tensor: Tensor, role: ParameterRole? = nil) {
        self.init(
            name: name, elementType: tensor.elementType, shape: tensor.shape, role: role
        ) { () throws(InterchangeError) in tensor }
    }

    /// The elements; a view of the mapped file where its layout allows.
    ///
    /// - Throws: ``InterchangeError`` for damaged elements and for types that are only listed.
    public func tensor() throws(InterchangeError) -> Tensor { try loader() }
}
