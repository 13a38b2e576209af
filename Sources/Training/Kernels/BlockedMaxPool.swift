// SPDX-License-Identifier: Apache-2.0

/// Max pooling by windows that do not overlap and are not padded, over f32 images whose channels
/// are blocked by 16.
///
/// oneDNN 2.6's own kernel spends longer on a 2x2 pooling than on the convolution before it; this
/// one is bound by memory. It also differentiates a ReLU before the pooling in the same pass.
struct BlockedMaxPool {
    /// Images times channel blocks.
    let planes: Int
    let input: Extent
    let output: Extent
    let window: Extent
    /// The slope for values <= 0 of the (leaky) ReLU that made the input; 1 without one.
    let slope: Float

    /// Channels in a block.
    private static let lanes = 16
    /// Set in a choice when the maximum is not positive, so that its gradient takes the slope.
    private static let notPositive: UInt8 = 128

    /// nil when the window, the layout or the activation is not one it handles.
    init?(_ window: Window, source: Layout, destination: Layout, activation: Activation?) {
        guard window.padding == Extent(0), window.kernel == window.stride,
            window.kernel.height * window.kernel.width < Int(Self.notPositive),
            source.kind == .f32, source.channelBlock == Self.lanes,
            destination.kind == .f32, destination.channelBlock == Self.lanes
        else { return nil }
        switch activation {
        case nil: slope = 1
        case .relu: slope = 0
        case .leakyRelu(let slope): self.slope = slope
        case .tanh, .sigmoid: return nil
        }
        let (from, to) = (source.extents, destination.extents)
        planes = from[0] * ((from[1] + Self.lanes - 1) / Self.lanes)
        input = Extent(from[2], from[3])
        output = Extent(to[2], to[3])
        self.window = window.kernel
    }

    /// Bytes of the choices: for each output value, which pixel of its window it came from.
    var choiceCount: Int { planes * output.height * output.width * Self.lanes }

    func forward(_ source: Buffer, into destination: Buffer, choices: Buffer?) {
        KernelThreads.split(planes * output.height) { part in
            forward(rows: part, source, destination, choices)
        }
    }

    /// dL/dsource from dL/ddestination.
    func backward(_ gradient: Buffer, into sourceGradient: Buffer, choices: Buffer) {
        KernelThreads.split(planes) { part in
            for plane in part { backward(plane: plane, gradient, sourceGradient, choices) }
        }
    }

    // Vector types are spelled out below: comparisons on generic ones are compiled lane by lane.

    private func forward(
        rows: Range<Int>, _ source: Buffer, _ destination: Buffer, _ choices: Buffer?
    ) {
        let pixels = source.address.assumingMemoryBound(to: SIMD16<Float>.self)
        let maxima = destination.address.assumingMemoryBound(to: SIMD16<Float>.self)
        let chosen = choices?.address.assumingMemoryBound(to: SIMD16<UInt8>.self)
        let flag = SIMD16<Int32>(repeating: Int32(Self.notPositive))
        for row in rows {
            let (plane, y) = row.quotientAndRemainder(dividingBy: output.height)
            var corner = (plane * input.height + y * window.height) * input.width
            for target in (row * output.width)..<((row + 1) * output.width) {
                var best = pixels[corner]
                var choice = SIMD16<Int32>(repeating: 0)
                var index: Int32 = 0
                for offset in 0..<window.height {
                    for column in 0..<window.width {
                        let value = pixels[corner + offset * input.width + column]
                        let isBetter = value .> best
                        best.replace(with: value, where: isBetter)
                        choice.replace(
                            with: SIMD16<Int32>(repeating: index), where: isBetter)
                        index += 1
                    }
                }
                maxima[target] = best
                if let chosen {
                    let isNotPositive = best .<= SIMD16<Float>(repeating: 0)
                    choice.replace(with: choice &+ flag, where: isNotPositive)
                    chosen[target] = SIMD16<UInt8>(truncatingIfNeeded: choice)
                }
                corner += window.width
            }
        }
    }

    private func backward(
        plane: Int, _ gradient: Buffer, _ sourceGradient: Buffer, _ choices: Buffer
    ) {
        let incoming = gradient.address.assumingMemoryBound(to: SIMD16<Float>.self)
        let outgoing = sourceGradient.address.assumingMemoryBound(to: SIMD16<Float>.self)
        let chosen = choices.address.assumingMemoryBound(to: SIMD16<UInt8>.self)
        let flag = SIMD16<Int32>(repeating: Int32(Self.notPositive))
        let (zero, slope) = (SIMD16<Float>(), SIMD16<Float>(repeating: slope))
        let first = plane * input.height * input.width
        for y in 0..<output.height {
            var corner = first + y * window.height * input.width
            for x in 0..<output.width {
                let position = (plane * output.height + y) * output.width + x
                var value = incoming[position]
                var choice = SIMD16<Int32>(truncatingIfNeeded: chosen[position])
                let isNotPositive = choice .>= flag
                value.replace(with: value * slope, where: isNotPositive)
                choice.replace(with: choice &- flag, where: isNotPositive)
                var index: Int32 = 0
                for offset in 0..<window.height {
                    for column in 0..<window.width {
                        let isChosen = choice .== SIMD16<Int32>(repeating: index)
                        outgoing[corner + offset * input.width + column] =
                            zero.replacing(with: value, where: isChosen)
                        index += 1
                    }
                }
                corner += window.width
            }
            // Columns and, below, rows that no window covers.
            let used = output.width * window.width
            for offset in 0..<window.height where used < input.width {
                let row = first + (y * window.height + offset) * input.width
                for column in used..<input.width { outgoing[row + column] = zero }
            }
        }
        for row in (output.height * window.height)..<input.height {
            for column in 0..<input.width { outgoing[first + row * input.width + column] = zero }
        }
    }
}
