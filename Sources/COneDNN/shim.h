// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <oneapi/dnnl/dnnl.h>

// Debian's oneDNN runs on libgomp, which it links. <omp.h> lies in a folder of GCC's that Clang does
// not search, and GOMP_parallel, which `#pragma omp parallel` becomes, has no header at all:
// https://gcc.gnu.org/onlinedocs/libgomp/Implementing-PARALLEL-construct.html
int omp_get_max_threads(void);
int omp_get_num_threads(void);
int omp_get_thread_num(void);
void GOMP_parallel(void (*body)(void *), void *context, unsigned threads, unsigned flags);
