// SPDX-License-Identifier: Apache-2.0

/// The extents of a tensor, outermost first. A scalar has rank 0 and one element.
///
/// The element count is computed once, with overflow checks, so that every later size
/// computation can rely on it.
public struct Shape: Hashable, Sendable {
    public let dimensions: [Int]
    /// The product of the dimensions; 1 for a scalar.
    public let elementCount: Int

    /// - Throws: ``TensorError`` for a negative dimension or a product above `Int.max`.
    public init(_ dimensions: [Int]) throws(TensorError) {
        guard dimensions.allSatisfy({ $0 >= 0 }) else {
            throw TensorError("shape \(Self.text(dimensions)) has a negative dimension")
        }
        var count = 1
        // A zero anywhere makes the tensor empty, whatever the others multiply to.
        if dimensions.contains(0) {
            count = 0
        } else {
            for dimension in dimensions {
                let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
                guard !overflow else {
                    throw TensorError(
                        "shape \(Self.text(dimensions)) has more elements than fit in 64 bits")
                }
                count = product
            }
        }
        self.dimensions = dimensions
        self.elementCount = count
    }

    public static let scalar = Shape(trusted: [])

    /// A shape the program itself made: traps where the checked initialiser throws.
    public init(trusted dimensions: [Int]) {
        do {
            self = try Shape(dimensions)
        } catch {
            preconditionFailure(error.description)
        }
    }

    public var rank: Int { dimensions.count }

    public subscript(axis: Int) -> Int { dimensions[axis] }

    /// Bytes a dense tensor of this shape takes.
    ///
    /// - Throws: ``TensorError`` when the product overflows.
    public func byteCount(of elementType: ElementType) throws(TensorError) -> Int {
        let (bytes, overflow) = elementCount.multipliedReportingOverflow(by: elementType.byteCount)
        guard !overflow else {
            throw TensorError(
                "shape \(self) of \(elementType) takes more bytes than fit in 64 bits")
        }
        return bytes
    }

    private static func text(_ dimensions: [Int]) -> String {
        "(" + dimensions.map(String.init).joined(separator: ", ") + ")"
    }
}

extension Shape: ExpressibleByArrayLiteral, CustomStringConvertible {
    public init(arrayLiteral elements: Int...) { self.init(trusted: elements) }

    public var description: String { Self.text(dimensions) }
}
