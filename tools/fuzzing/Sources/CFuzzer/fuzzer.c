// SPDX-License-Identifier: Apache-2.0
#include "fuzzer.h"

// libFuzzer's archive brings a main of its own, which asks for this function. It is never run:
// the program's main calls the driver with the parser that was named.
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    (void)bytes;
    (void)count;
    return 0;
}
