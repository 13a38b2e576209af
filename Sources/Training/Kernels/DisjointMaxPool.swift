// SPDX-License-Identifier: Apache-2.0

/// Max pooling by windows that neither overlap nor are padded, vectorised over channels.
///
/// oneDNN 2.6's own kernel spends longer on a 2x2 pooling than on the convolution before it; this
/// one is bound by memory. It also differentiates a ReLU before the pooling in the same pass, and
/// may write another order of elements than it reads.
struct DisjointMaxPool {
    let kind: NumberKind
    /// Images times channel blocks.
    let planes: Int
    let source: VectorImage
    let destination: VectorImage
    let window: Extent
    /// The slope at values <= 0 of the (leaky) ReLU that made the input; 1 without one.
    let slope: Float

    /// Added to a choice when the maximum is not positive, so that its gradient takes the slope.
    static let notPositive = 128

    /// nil when the window, a layout or the activation is not one it handles.
    init?(_ window: Window, source: Layout, destination: Layout, activation: Activation?) {
        guard window.padding == .none, window.kernel == window.stride,
            window.kernel.height * window.kernel.width < Self.notPositive,
            source.kind == destination.kind, let from = VectorImage(source),
            let to = VectorImage(destination), from.lanes == to.lanes,
            source.kind == .f32 || from.lanes == 16
        else { return nil }
        switch activation {
        case nil: slope = 1
        case .relu: slope = 0
        case .leakyRelu(let slope):
            // In bf16 the gradient is moved as bits, never multiplied.
            guard source.kind == .f32 else { return nil }
            self.slope = slope
        case .tanh, .sigmoid: return nil
        }
        kind = source.kind
        planes = source.extents[0] * from.blocks
        self.source = from
        self.destination = to
        self.window = window.kernel
    }

    /// Bytes of the choices: for each output value, which pixel of its window it came from.
    var choiceCount: Int {
        planes * destination.size.height * destination.size.width * destination.lanes
    }

    /// From a window's first pixel to each of its pixels, in vectors.
    var windowOffsets: [Int] {
        (0..<window.height).flatMap { y in
            (0..<window.width).map { x in y * source.rowStride + x * source.pixelStride }
        }
    }

    /// The order the result should have: AMX convolutions, which bf16 is for, want channels last.
    static func preferredDestination(
        _ extents: [Int], like source: Layout
    ) throws(TrainingError) -> Layout? {
        guard source.kind == .bf16, extents[1] % 16 == 0 else { return nil }
        return try .channelsLast(extents, .bf16)
    }

    func forward(_ source: Buffer, into destination: Buffer, choices: Buffer?) {
        KernelThreads.split(planes * self.destination.size.height) { part in
            switch kind {
            case .f32: forwardF32(rows: part, source, destination, choices)
            case .bf16: forwardBF16(rows: part, source, destination, choices)
            }
        }
    }

    /// dL/dsource, in the source's order, from dL/ddestination.
    func backward(_ gradient: Buffer, into sourceGradient: Buffer, choices: Buffer) {
        KernelThreads.split(planes) { part in
            for plane in part {
                switch kind {
                case .f32: backwardF32(plane: plane, gradient, sourceGradient, choices)
                case .bf16: backwardBF16(plane: plane, gradient, sourceGradient, choices)
                }
            }
        }
    }

    /// Calls `clear` with the vector index of every pixel that no window covers.
    @inline(__always)
    func forEachUncovered(inPlaneAt start: Int, _ clear: (Int) -> Void) {
        let covered = Extent(
            destination.size.height * window.height, destination.size.width * window.width)
        for y in 0..<source.size.height {
            for x in (y < covered.height ? covered.width : 0)..<source.size.width {
                clear(start + y * source.rowStride + x * source.pixelStride)
            }
        }
    }
}
