// SPDX-License-Identifier: Apache-2.0
// libFuzzer as a library (llvm.org/docs/LibFuzzer.html): runs `test` on inputs until the limits
// given in the arguments are reached.

#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *count, char ***arguments,
                        int (*test)(const uint8_t *bytes, size_t count));
