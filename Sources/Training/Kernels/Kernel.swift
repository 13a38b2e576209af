// SPDX-License-Identifier: Apache-2.0

import COneDNN

/// What a tensor is to a kernel.
enum KernelArgument: Int32 {
    case source = 1  // DNNL_ARG_SRC_0
    case secondSource = 2  // DNNL_ARG_SRC_1
    case destination = 17  // DNNL_ARG_DST_0
    case weights = 33  // DNNL_ARG_WEIGHTS_0
    case bias = 41  // DNNL_ARG_BIAS
    case mean = 49  // DNNL_ARG_MEAN
    case variance = 50  // DNNL_ARG_VARIANCE
    case scale = 51  // DNNL_ARG_SCALE
    case shift = 52  // DNNL_ARG_SHIFT
    case workspace = 64  // DNNL_ARG_WORKSPACE
    case scratchpad = 80  // DNNL_ARG_SCRATCHPAD
    case sourceGradient = 129  // DNNL_ARG_DIFF_SRC_0
    case destinationGradient = 145  // DNNL_ARG_DIFF_DST_0
    case weightsGradient = 161  // DNNL_ARG_DIFF_WEIGHTS_0
    case biasGradient = 169  // DNNL_ARG_DIFF_BIAS
    case scaleGradient = 255  // DNNL_ARG_DIFF_SCALE
    case shiftGradient = 256  // DNNL_ARG_DIFF_SHIFT
}

/// A computation oneDNN has agreed to, with the layouts it chose, but without its machine code.
final class KernelDescription {
    let handle: dnnl_primitive_desc_t
    /// For messages: "run the forward convolution".
    let name: String

    /// Describes the computation of a filled-in operation descriptor.
    init<Descriptor>(
        _ name: String, _ descriptor: Descriptor, attributes: KernelAttributes = KernelAttributes(),
        forward: KernelDescription? = nil
    ) throws(TrainingError) {
        let native = try attributes.makeNative()
        defer { dnnl_primitive_attr_destroy(native) }
        let engine = try OneDNN.engine()
        var description: dnnl_primitive_desc_t?
        let status = withUnsafePointer(to: descriptor) {
            dnnl_primitive_desc_create(&description, $0, native, engine, forward?.handle)
        }
        try OneDNN.check(status, "prepare the \(name)")
        guard let description else { throw TrainingError("oneDNN gave no \(name)") }
        handle = description
        self.name = name
    }

    /// Wraps what one of oneDNN's direct constructors (reorder, sum, concat) made.
    init(_ name: String, status: dnnl_status_t, handle: dnnl_primitive_desc_t?)
        throws(TrainingError)
    {
        try OneDNN.check(status, "prepare the \(name)")
        guard let handle else { throw TrainingError("oneDNN gave no \(name)") }
        self.handle = handle
        self.name = name
    }

    deinit { dnnl_primitive_desc_destroy(handle) }

    private func layout(_ query: dnnl_query_t, _ index: Int32 = 0) -> Layout {
        // A missing tensor is described as one of rank 0 and size 0.
        Layout(dnnl_primitive_desc_query_md(handle, query, index)?.pointee ?? dnnl_memory_desc_t())
    }

    var source: Layout { layout(dnnl_query_src_md) }
    var weights: Layout { layout(dnnl_query_weights_md) }
    var destination: Layout { layout(dnnl_query_dst_md) }
    var sourceGradient: Layout { layout(dnnl_query_diff_src_md) }
    var weightsGradient: Layout { layout(dnnl_query_diff_weights_md) }
    var destinationGradient: Layout { layout(dnnl_query_diff_dst_md) }
    var workspace: Layout { layout(dnnl_query_workspace_md) }
    var scratchpad: Layout { layout(dnnl_query_scratchpad_md) }
    func sources(_ index: Int) -> Layout { layout(dnnl_query_src_md, Int32(index)) }

    /// The implementation oneDNN picked, e.g. `jit:avx512_core`.
    var implementation: String {
        var text: UnsafePointer<CChar>?
        guard dnnl_primitive_desc_query(handle, dnnl_query_impl_info_str, 0, &text) == dnnl_success,
            let text
        else { return "unknown" }
        return String(cString: text)
    }
}

/// Compiled machine code bound to the tensors it works on.
final class Kernel {
    let description: KernelDescription
    private let primitive: dnnl_primitive_t
    private var arguments: [dnnl_exec_arg_t]
    // The primitive holds bare handles; these keep them alive.
    private var memories: [Memory]

    init(
        _ description: KernelDescription, _ tensors: [(role: Int32, memory: Memory)]
    ) throws(TrainingError) {
        var primitive: dnnl_primitive_t?
        try OneDNN.check(
            dnnl_primitive_create(&primitive, description.handle),
            "compile the \(description.name)")
        guard let primitive else { throw TrainingError("oneDNN gave no \(description.name)") }
        self.primitive = primitive
        self.description = description
        arguments = tensors.map { dnnl_exec_arg_t(arg: $0.role, memory: $0.memory.handle) }
        memories = tensors.map(\.memory)
    }

    var scratchpadByteCount: Int { description.scratchpad.byteCount }

    /// Gives the kernel its working memory; kernels of a plan run one at a time and share it.
    func attach(scratchpad: Buffer) throws(TrainingError) {
        guard scratchpadByteCount > 0 else { return }
        let memory = try Memory(description.scratchpad, in: scratchpad)
        arguments.append(
            dnnl_exec_arg_t(arg: KernelArgument.scratchpad.rawValue, memory: memory.handle))
        memories.append(memory)
    }

    func run(on stream: KernelStream) throws(TrainingError) {
        try OneDNN.check(
            dnnl_primitive_execute(primitive, stream.handle, Int32(arguments.count), arguments),
            "run the \(description.name)")
    }

    deinit { dnnl_primitive_destroy(primitive) }
}

extension KernelArgument {
    /// One of several sources: DNNL_ARG_MULTIPLE_SRC + position.
    static func multipleSource(_ position: Int) -> Int32 {
        Int32(DNNL_ARG_MULTIPLE_SRC) + Int32(position)
    }
}
