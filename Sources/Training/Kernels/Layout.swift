// SPDX-License-Identifier: Apache-2.0

import COneDNN
import Tensors

/// The number kinds kernels compute in.
enum NumberKind: Sendable {
    case f32
    case bf16

    var native: dnnl_data_type_t { self == .f32 ? dnnl_f32 : dnnl_bf16 }

    /// Whether the processor computes in this kind without emulating it.
    var isFast: Bool {
        switch self {
        case .f32: true
        case .bf16:
            // Each instruction set's bits include those of the sets it extends.
            dnnl_get_effective_cpu_isa().rawValue & dnnl_cpu_isa_avx512_core_bf16.rawValue
                == dnnl_cpu_isa_avx512_core_bf16.rawValue
        }
    }
}

/// How a tensor lies in memory: extents, number kind, and the order of its elements, which may be
/// one of oneDNN's blocked orders or, before a primitive has chosen, open.
struct Layout: Equatable {
    var native: dnnl_memory_desc_t

    init(_ native: dnnl_memory_desc_t) {
        self.native = native
    }

    /// Row-major.
    static func plain(
        _ extents: [Int], _ kind: NumberKind = .f32
    ) throws(TrainingError) -> Layout {
        let tags = [dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd, dnnl_abcde]
        return try Layout(extents, kind, tags[extents.count - 1])
    }

    /// Any dense order, f32: steps between neighbours along each axis, in elements.
    static func strided(_ extents: [Int], _ strides: [Int]) throws(TrainingError) -> Layout {
        var descriptor = dnnl_memory_desc_t()
        try OneDNN.check(
            dnnl_memory_desc_init_by_strides(
                &descriptor, Int32(extents.count), extents.map { Int64($0) }, dnnl_f32,
                strides.map { Int64($0) }),
            "describe a tensor of shape \(extents)")
        return Layout(descriptor)
    }

    /// Whatever order the primitive likes best.
    static func any(_ extents: [Int], _ kind: NumberKind = .f32) throws(TrainingError) -> Layout {
        try Layout(extents, kind, dnnl_format_tag_any)
    }

    private init(
        _ extents: [Int], _ kind: NumberKind, _ tag: dnnl_format_tag_t
    ) throws(TrainingError) {
        var descriptor = dnnl_memory_desc_t()
        try OneDNN.check(
            dnnl_memory_desc_init_by_tag(
                &descriptor, Int32(extents.count), extents.map { Int64($0) }, kind.native, tag),
            "describe a tensor of shape \(extents)")
        native = descriptor
    }

    /// The same extents, row-major, in another number kind if asked.
    func plain(_ kind: NumberKind? = nil) throws(TrainingError) -> Layout {
        try .plain(extents, kind ?? self.kind)
    }

    /// The same extents with the order left open.
    func any(_ kind: NumberKind? = nil) throws(TrainingError) -> Layout {
        try .any(extents, kind ?? self.kind)
    }

    /// The elements `range` of axis 1, in place inside a tensor of this layout.
    ///
    /// - Throws: ``TrainingError`` when the order is blocked and the range cuts a block.
    func slice(_ range: Range<Int>) throws(TrainingError) -> Layout {
        var descriptor = dnnl_memory_desc_t()
        var dimensions = extents.map { Int64($0) }
        var offsets = dimensions.map { _ in Int64(0) }
        dimensions[1] = Int64(range.count)
        offsets[1] = Int64(range.lowerBound)
        let status = withUnsafePointer(to: native) {
            dnnl_memory_desc_init_submemory(&descriptor, $0, dimensions, offsets)
        }
        try OneDNN.check(status, "take channels \(range) of a tensor of shape \(extents)")
        return Layout(descriptor)
    }

    /// The same order for another number kind.
    func with(_ kind: NumberKind) -> Layout {
        var copy = native
        copy.data_type = kind.native
        return Layout(copy)
    }

    var kind: NumberKind { native.data_type == dnnl_bf16 ? .bf16 : .f32 }

    var extents: [Int] {
        withUnsafeBytes(of: native.dims) { bytes in
            bytes.bindMemory(to: Int64.self).prefix(Int(native.ndims)).map { Int($0) }
        }
    }

    /// The channels that lie side by side for each pixel when images (N, C, H, W) are stored as
    /// (N, C / block, H, W, block); nil for every other order.
    var channelBlock: Int? {
        let blocking = native.format_desc.blocking
        guard blocking.inner_nblks == 1, blocking.inner_idxs.0 == 1 else { return nil }
        let block = Int(blocking.inner_blks.0)
        let (blocks, pixels) = ((extents[1] + block - 1) / block, extents[2] * extents[3])
        let expected = [blocks * pixels * block, pixels * block, extents[3] * block, block]
        return imageStrides == expected ? block : nil
    }

    /// Whether images (N, C, H, W) are stored as (N, H, W, C).
    var isChannelsLast: Bool {
        let (channels, height, width) = (extents[1], extents[2], extents[3])
        return native.format_desc.blocking.inner_nblks == 0
            && imageStrides == [height * width * channels, 1, width * channels, channels]
    }

    /// (N, C, H, W) stored as (N, H, W, C).
    static func channelsLast(
        _ extents: [Int], _ kind: NumberKind
    ) throws(TrainingError) -> Layout { try Layout(extents, kind, dnnl_acdb) }

    private var imageStrides: [Int]? {
        guard native.format_kind == dnnl_blocked, native.ndims == 4, native.offset0 == 0 else {
            return nil
        }
        let strides = native.format_desc.blocking.strides
        return [strides.0, strides.1, strides.2, strides.3].map { Int($0) }
    }

    /// Bytes the tensor takes, padding of blocked orders included.
    var byteCount: Int {
        withUnsafePointer(to: native) { dnnl_memory_desc_get_size($0) }
    }

    static func == (left: Layout, right: Layout) -> Bool {
        withUnsafePointer(to: left.native) { a in
            withUnsafePointer(to: right.native) { b in dnnl_memory_desc_equal(a, b) == 1 }
        }
    }
}
