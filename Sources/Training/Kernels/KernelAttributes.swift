// SPDX-License-Identifier: Apache-2.0

import COneDNN

/// What a kernel does to its result before writing it.
struct KernelAttributes {
    enum PostOperation {
        case activation(Activation)
        /// Multiplies by, or adds, a tensor, broadcast along axes where its extent is 1.
        case multiply(Layout)
        case add(Layout)
    }

    var postOperations: [PostOperation] = []

    init(_ postOperations: [PostOperation] = []) {
        self.postOperations = postOperations
    }

    init(activation: Activation?) {
        if let activation { postOperations = [.activation(activation)] }
    }

    /// The role of the second factor of the post-operation at `position`.
    static func operandRole(_ position: Int) -> Int32 {
        // DNNL_ARG_ATTR_MULTIPLE_POST_OP(position) | DNNL_ARG_SRC_1
        Int32(DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE) * Int32(position + 1)
            | KernelArgument.secondSource.rawValue
    }

    /// The caller destroys the result.
    func makeNative() throws(TrainingError) -> dnnl_primitive_attr_t {
        var attributes: dnnl_primitive_attr_t?
        try OneDNN.check(dnnl_primitive_attr_create(&attributes), "create attributes")
        guard let attributes else { throw TrainingError("oneDNN gave no attributes") }
        do {
            try OneDNN.check(
                dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user),
                "set the scratchpad mode")
            try append(to: attributes)
        } catch {
            dnnl_primitive_attr_destroy(attributes)
            throw error
        }
        return attributes
    }

    private func append(to attributes: dnnl_primitive_attr_t) throws(TrainingError) {
        guard !postOperations.isEmpty else { return }
        var chain: dnnl_post_ops_t?
        try OneDNN.check(dnnl_post_ops_create(&chain), "create post-operations")
        defer { dnnl_post_ops_destroy(chain) }
        for operation in postOperations {
            let status =
                switch operation {
                case .activation(let activation):
                    dnnl_post_ops_append_eltwise(
                        chain, 1, activation.forwardAlgorithm, activation.alpha, 0)
                case .multiply(let layout):
                    withUnsafePointer(to: layout.native) {
                        dnnl_post_ops_append_binary(chain, dnnl_binary_mul, $0)
                    }
                case .add(let layout):
                    withUnsafePointer(to: layout.native) {
                        dnnl_post_ops_append_binary(chain, dnnl_binary_add, $0)
                    }
                }
            try OneDNN.check(status, "append a post-operation")
        }
        try OneDNN.check(
            dnnl_primitive_attr_set_post_ops(attributes, chain), "set post-operations")
    }
}

extension Activation {
    var forwardAlgorithm: dnnl_alg_kind_t {
        switch self {
        case .relu, .leakyRelu: dnnl_eltwise_relu
        case .tanh: dnnl_eltwise_tanh
        case .sigmoid: dnnl_eltwise_logistic
        }
    }

    /// The form that takes the function's value instead of its argument.
    var backwardAlgorithm: dnnl_alg_kind_t {
        switch self {
        case .relu, .leakyRelu: dnnl_eltwise_relu_use_dst_for_bwd
        case .tanh: dnnl_eltwise_tanh_use_dst_for_bwd
        case .sigmoid: dnnl_eltwise_logistic_use_dst_for_bwd
        }
    }

    var alpha: Float {
        if case .leakyRelu(let slope) = self { slope } else { 0 }
    }
}
