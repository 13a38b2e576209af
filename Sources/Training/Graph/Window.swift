// SPDX-License-Identifier: Apache-2.0

/// A height and a width, in pixels.
public struct Extent: Hashable, Sendable, CustomStringConvertible {
    public let height: Int
    public let width: Int

    public init(_ height: Int, _ width: Int) {
        self.height = height
        self.width = width
    }

    /// The same extent along both axes.
    public init(_ side: Int) { self.init(side, side) }

    public var description: String { "(\(height), \(width))" }
}

/// Pixels added around an image: zeros, or for a maximum nothing that could win.
///
/// The two sides of an axis differ where Keras and TensorFlow pad to the `same` size at stride 2.
public struct Padding: Hashable, Sendable, CustomStringConvertible {
    /// Above and to the left.
    public let before: Extent
    /// Below and to the right.
    public let after: Extent

    public init(before: Extent, after: Extent) {
        self.before = before
        self.after = after
    }

    /// As much on both sides of each axis.
    public init(_ extent: Extent) { self.init(before: extent, after: extent) }

    public static let none = Padding(Extent(0))

    public var isSymmetric: Bool { before == after }

    public var description: String {
        isSymmetric
            ? "\(before)"
            : "(\(before.height), \(before.width), \(after.height), \(after.width))"
    }
}

/// What a convolution or a pooling looks at: kernel, stride and padding.
public struct Window: Hashable, Sendable {
    public let kernel: Extent
    public let stride: Extent
    public let padding: Padding

    public init(kernel: Extent, stride: Extent = Extent(1), padding: Padding) {
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
    }

    /// - Parameter padding: on both sides of each axis.
    public init(kernel: Extent, stride: Extent = Extent(1), padding: Extent = Extent(0)) {
        self.init(kernel: kernel, stride: stride, padding: Padding(padding))
    }

    /// Positions of the window over an image,
    /// floor((size + before + after - kernel) / stride) + 1 along each axis.
    ///
    /// - Throws: ``TrainingError`` when the kernel does not fit in the padded image or a field is
    ///   out of range.
    func positions(over image: Extent) throws(TrainingError) -> Extent {
        // Far above any real network, and small enough that no product below can overflow.
        let limit = 1 << 16
        func check(
            _ name: String, _ extents: [Extent], least: Int, _ found: some CustomStringConvertible
        ) throws(TrainingError) {
            guard
                extents.allSatisfy({
                    min($0.height, $0.width) >= least && max($0.height, $0.width) <= limit
                })
            else {
                throw TrainingError(
                    "\(name) must lie between \(least) and \(limit), found \(found)")
            }
        }
        try check("kernel", [kernel], least: 1, kernel)
        try check("stride", [stride], least: 1, stride)
        try check("padding", [padding.before, padding.after], least: 0, padding)
        let padded = Extent(
            image.height + padding.before.height + padding.after.height,
            image.width + padding.before.width + padding.after.width)
        guard kernel.height <= padded.height, kernel.width <= padded.width else {
            throw TrainingError(
                "the kernel \(kernel) does not fit in an image of \(padded) pixels, padding included"
            )
        }
        return Extent(
            (padded.height - kernel.height) / stride.height + 1,
            (padded.width - kernel.width) / stride.width + 1)
    }
}
