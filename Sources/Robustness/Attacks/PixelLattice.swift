// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The pixel values that survive being stored as whole numbers: k / levels, 8 bits at 255.
struct PixelLattice: Hashable, Sendable {
    let levels: Int

    static let key = AttackKey(
        "lattice", "255 for images that 8 bits can store, or none (none)")

    /// What `lattice=` says; nil for none.
    init?(arguments: AttackArguments) throws(RobustnessError) {
        guard let text = arguments.text(Self.key.name), text != "none" else { return nil }
        guard let levels = Int(text), (1...255).contains(levels) else {
            throw arguments.wrong(
                Self.key.name, expected: "none or a whole number of levels from 1 to 255")
        }
        self.levels = levels
    }

    /// The lattice of an attack inside `ball`.
    ///
    /// - Throws: ``RobustnessError`` when the ball has no point of the lattice but its centre.
    static func inside(
        _ ball: NormBall, arguments: AttackArguments
    ) throws(RobustnessError) -> PixelLattice? {
        guard let lattice = try PixelLattice(arguments: arguments) else { return nil }
        guard ball.latticeLimit(levels: lattice.levels) > 0 else {
            throw arguments.wrong(
                "epsilon", expected: "at least 1/\(lattice.levels), one level of the lattice")
        }
        return lattice
    }

    static func parameter(_ lattice: PixelLattice?) -> AttackParameter {
        AttackParameter(key.name, lattice.map { String($0.levels) } ?? "none")
    }

    func value(ofLevel level: Int) -> Float { Float(level) / Float(levels) }

    /// The level nearest to a pixel in the box.
    func level(nearest pixel: Float) -> Int { Int((Double(pixel) * Double(levels)).rounded()) }

    /// - Throws: ``RobustnessError`` naming the first row with a pixel that is not on the lattice:
    ///   its clean image would not survive the storing either.
    func check(_ images: LabelledImages, rowIDs: [Int]) throws(RobustnessError) {
        let pixels = FloatBuffer(count: images.pixelCount)
        for row in 0..<images.count {
            images.copyPixels(ofRow: row, to: pixels.pointer(at: 0))
            for pixel in pixels.values
            where ThreatModel.box.contains(pixel) && value(ofLevel: level(nearest: pixel)) != pixel
            {
                throw RobustnessError(
                    .data,
                    "row \(rowIDs.indices.contains(row) ? rowIDs[row] : row) has the pixel \(pixel), expected multiples of 1/\(levels) for lattice=\(levels)"
                )
            }
        }
    }
}

/// The points of a lattice in a norm ball around a clean image that lies on it.
///
/// Distances are counted in levels, so that a change by 8 levels of 255 is inside 8/255 whatever
/// `Float` makes of the two pixels.
struct LatticeBall {
    private let lattice: PixelLattice
    private let norm: Norm
    /// In levels; for l2 of the square.
    private let limit: Int
    private let centre: [Int]

    init(_ lattice: PixelLattice, in ball: NormBall, clean: UnsafeBufferPointer<Float>) {
        self.lattice = lattice
        norm = ball.norm
        limit = ball.latticeLimit(levels: lattice.levels)
        centre = clean.map { lattice.level(nearest: $0) }
    }

    /// Writes the point of the lattice next to `image` or, where rounding leaves the ball, to a
    /// point between it and the clean image.
    func round(_ image: [Float], into point: UnsafeMutablePointer<Float>) {
        var scale = 1.0
        var slack = 0x1p-9
        while !write(image, scale: scale, into: point) {
            // At 0 the point is the clean image.
            scale = max(0, scale - slack)
            slack *= 1.5
        }
    }

    /// Whether the point is inside.
    private func write(
        _ image: [Float], scale: Double, into point: UnsafeMutablePointer<Float>
    ) -> Bool {
        var size = 0
        for (index, centre) in centre.enumerated() {
            let exact = Double(image[index]) * Double(lattice.levels) - Double(centre)
            var change = Int((scale * exact).rounded())
            if norm == .linf { change = min(max(change, -limit), limit) }
            let level = min(max(centre + change, 0), lattice.levels)
            point[index] = lattice.value(ofLevel: level)
            size += norm == .l2 ? change * change : abs(change)
        }
        return norm == .linf || size <= limit
    }
}

extension NormBall {
    /// The radius in whole levels, rounded down; for l2 that of its square.
    func latticeLimit(levels: Int) -> Int {
        let above = UInt128(epsilon.numerator) * UInt128(levels)
        let below = UInt128(epsilon.denominator)
        guard norm == .l2 else { return Int(clamping: above / below) }
        // Numerators stay below 2^53 and levels below 2^8.
        return Int(clamping: above * above / (below * below))
    }
}
