// SPDX-License-Identifier: Apache-2.0
// oneDNN, loaded when a model first runs. See forwarding.h.
#include "forwarding.h"

#include "../COneDNN/shim.h"

static void *library;

static void load_library(void) {
    static const char *const files[] = {"libdnnl.so.2", "libdnnl.so", NULL};
    library = load(files, NULL);
}

static void *find(const char *name) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_library);
    return library ? dlsym(library, name) : NULL;
}

// Shorter words for what most functions take.
typedef const dnnl_memory_desc_t *desc;
typedef const dnnl_dim_t *dims;

#define STATUS(...) FORWARD(find, dnnl_runtime_error, dnnl_status_t, __VA_ARGS__)
#define VALUE(...) FORWARD(find, 0, __VA_ARGS__)

STATUS(dnnl_primitive_desc_create, 5, dnnl_primitive_desc_t *, const_dnnl_op_desc_t,
       const_dnnl_primitive_attr_t, dnnl_engine_t, const_dnnl_primitive_desc_t)
STATUS(dnnl_primitive_desc_destroy, 1, dnnl_primitive_desc_t)
STATUS(dnnl_primitive_desc_query, 4, const_dnnl_primitive_desc_t, dnnl_query_t, int, void *)
VALUE(desc, dnnl_primitive_desc_query_md, 3, const_dnnl_primitive_desc_t, dnnl_query_t, int)
STATUS(dnnl_primitive_create, 2, dnnl_primitive_t *, const_dnnl_primitive_desc_t)
STATUS(dnnl_primitive_execute, 4, const_dnnl_primitive_t, dnnl_stream_t, int,
       const dnnl_exec_arg_t *)
STATUS(dnnl_primitive_destroy, 1, dnnl_primitive_t)
STATUS(dnnl_primitive_attr_create, 1, dnnl_primitive_attr_t *)
STATUS(dnnl_primitive_attr_destroy, 1, dnnl_primitive_attr_t)
STATUS(dnnl_primitive_attr_set_scratchpad_mode, 2, dnnl_primitive_attr_t, dnnl_scratchpad_mode_t)
STATUS(dnnl_primitive_attr_set_post_ops, 2, dnnl_primitive_attr_t, const_dnnl_post_ops_t)
STATUS(dnnl_post_ops_create, 1, dnnl_post_ops_t *)
STATUS(dnnl_post_ops_destroy, 1, dnnl_post_ops_t)
STATUS(dnnl_post_ops_append_eltwise, 5, dnnl_post_ops_t, float, dnnl_alg_kind_t, float, float)
STATUS(dnnl_post_ops_append_binary, 3, dnnl_post_ops_t, dnnl_alg_kind_t, desc)
STATUS(dnnl_memory_desc_init_by_strides, 5, dnnl_memory_desc_t *, int, dims, dnnl_data_type_t, dims)
STATUS(dnnl_memory_desc_init_by_tag, 5, dnnl_memory_desc_t *, int, dims, dnnl_data_type_t,
       dnnl_format_tag_t)
STATUS(dnnl_memory_desc_init_submemory, 4, dnnl_memory_desc_t *, desc, dims, dims)
VALUE(int, dnnl_memory_desc_equal, 2, desc, desc)
VALUE(size_t, dnnl_memory_desc_get_size, 1, desc)
STATUS(dnnl_memory_create, 4, dnnl_memory_t *, desc, dnnl_engine_t, void *)
STATUS(dnnl_memory_destroy, 1, dnnl_memory_t)
STATUS(dnnl_reorder_primitive_desc_create, 6, dnnl_primitive_desc_t *, desc, dnnl_engine_t, desc,
       dnnl_engine_t, const_dnnl_primitive_attr_t)
STATUS(dnnl_concat_primitive_desc_create, 7, dnnl_primitive_desc_t *, desc, int, int, desc,
       const_dnnl_primitive_attr_t, dnnl_engine_t)
STATUS(dnnl_binary_desc_init, 5, dnnl_binary_desc_t *, dnnl_alg_kind_t, desc, desc, desc)
STATUS(dnnl_convolution_forward_desc_init, 10, dnnl_convolution_desc_t *, dnnl_prop_kind_t,
       dnnl_alg_kind_t, desc, desc, desc, desc, dims, dims, dims)
STATUS(dnnl_convolution_backward_data_desc_init, 8, dnnl_convolution_desc_t *, dnnl_alg_kind_t,
       desc, desc, desc, dims, dims, dims)
STATUS(dnnl_convolution_backward_weights_desc_init, 9, dnnl_convolution_desc_t *, dnnl_alg_kind_t,
       desc, desc, desc, desc, dims, dims, dims)
STATUS(dnnl_eltwise_forward_desc_init, 6, dnnl_eltwise_desc_t *, dnnl_prop_kind_t, dnnl_alg_kind_t,
       desc, float, float)
STATUS(dnnl_eltwise_backward_desc_init, 6, dnnl_eltwise_desc_t *, dnnl_alg_kind_t, desc, desc,
       float, float)
STATUS(dnnl_pooling_forward_desc_init, 9, dnnl_pooling_desc_t *, dnnl_prop_kind_t, dnnl_alg_kind_t,
       desc, desc, dims, dims, dims, dims)
STATUS(dnnl_pooling_backward_desc_init, 8, dnnl_pooling_desc_t *, dnnl_alg_kind_t, desc, desc, dims,
       dims, dims, dims)
STATUS(dnnl_batch_normalization_forward_desc_init, 5, dnnl_batch_normalization_desc_t *,
       dnnl_prop_kind_t, desc, float, unsigned int)
STATUS(dnnl_batch_normalization_backward_desc_init, 6, dnnl_batch_normalization_desc_t *,
       dnnl_prop_kind_t, desc, desc, float, unsigned int)
STATUS(dnnl_inner_product_forward_desc_init, 6, dnnl_inner_product_desc_t *, dnnl_prop_kind_t, desc,
       desc, desc, desc)
STATUS(dnnl_inner_product_backward_data_desc_init, 4, dnnl_inner_product_desc_t *, desc, desc, desc)
STATUS(dnnl_inner_product_backward_weights_desc_init, 5, dnnl_inner_product_desc_t *, desc, desc,
       desc, desc)
STATUS(dnnl_engine_create, 3, dnnl_engine_t *, dnnl_engine_kind_t, size_t)
STATUS(dnnl_stream_create, 3, dnnl_stream_t *, dnnl_engine_t, unsigned int)
STATUS(dnnl_stream_destroy, 1, dnnl_stream_t)
VALUE(dnnl_cpu_isa_t, dnnl_get_effective_cpu_isa, 0)
