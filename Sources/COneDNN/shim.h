// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <oneapi/dnnl/dnnl.h>

// Debian's oneDNN runs on libgomp, which it links; <omp.h> lies in a folder of GCC's that Clang does
// not search.
int omp_get_max_threads(void);
