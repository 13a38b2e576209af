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

/// What a convolution or a pooling looks at: kernel, stride and zero padding on each side.
public struct Window: Hashable, Sendable {
    public let kernel: Extent
    public let stride: Extent
    public let padding: Extent

    public init(kernel: Extent, stride: Extent = Extent(1), padding: Extent = Extent(0)) {
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
    }

    /// Positions of the window over an image, floor((size + 2 padding - kernel) / stride) + 1
    /// along each axis.
    ///
    /// - Throws: ``TrainingError`` when the kernel does not fit in the padded image or a field is
    ///   out of range.
    func positions(over image: Extent) throws(TrainingError) -> Extent {
        // Far above any real network, and small enough that no product below can overflow.
        let limit = 1 << 16
        for (name, extent, least) in [
            ("kernel", kernel, 1), ("stride", stride, 1), ("padding", padding, 0),
        ] {
            guard min(extent.height, extent.width) >= least,
                max(extent.height, extent.width) <= limit
            else {
                throw TrainingError(
                    "\(name) must lie between \(least) and \(limit), found \(extent)")
            }
        }
        let padded = Extent(image.height + 2 * padding.height, image.width + 2 * padding.width)
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
