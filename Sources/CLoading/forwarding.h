// SPDX-License-Identifier: Apache-2.0
// Functions that load the library they belong to when the first of them is called.
//
// A program that is linked with libhdf5 and oneDNN loads forty more libraries when it starts, which
// takes twice as long as everything `retort inspect` does, and inspecting needs neither of them. So
// the linker finds the definitions made here: each asks the library for its namesake once and calls
// it. The compiler holds every line against the library's own header.
#pragma once
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

// Other libraries must not find these in place of the real ones.
#pragma GCC visibility push(hidden)

#define TYPED_0() void
#define TYPED_1(A) A a
#define TYPED_2(A, B) A a, B b
#define TYPED_3(A, B, C) TYPED_2(A, B), C c
#define TYPED_4(A, B, C, D) TYPED_3(A, B, C), D d
#define TYPED_5(A, B, C, D, E) TYPED_4(A, B, C, D), E e
#define TYPED_6(A, B, C, D, E, F) TYPED_5(A, B, C, D, E), F f
#define TYPED_7(A, B, C, D, E, F, G) TYPED_6(A, B, C, D, E, F), G g
#define TYPED_8(A, B, C, D, E, F, G, H) TYPED_7(A, B, C, D, E, F, G), H h
#define TYPED_9(A, B, C, D, E, F, G, H, I) TYPED_8(A, B, C, D, E, F, G, H), I i
#define TYPED_10(A, B, C, D, E, F, G, H, I, J) TYPED_9(A, B, C, D, E, F, G, H, I), J j
#define NAMED_0
#define NAMED_1 a
#define NAMED_2 a, b
#define NAMED_3 NAMED_2, c
#define NAMED_4 NAMED_3, d
#define NAMED_5 NAMED_4, e
#define NAMED_6 NAMED_5, f
#define NAMED_7 NAMED_6, g
#define NAMED_8 NAMED_7, h
#define NAMED_9 NAMED_8, i
#define NAMED_10 NAMED_9, j

// `find` gives a function of the library, or NULL when it cannot be had; then the result is
// `failure`.
#define FORWARD(find, failure, result, name, count, ...)                        \
    result name(TYPED_##count(__VA_ARGS__)) {                                   \
        static __typeof__(&name) known;                                         \
        __typeof__(&name) function = __atomic_load_n(&known, __ATOMIC_RELAXED); \
        if (!function) {                                                        \
            function = (__typeof__(&name))find(#name);                          \
            if (!function) return failure;                                      \
            __atomic_store_n(&known, function, __ATOMIC_RELAXED);               \
        }                                                                       \
        return function(NAMED_##count);                                         \
    }

// The first of the files that can be loaded, or NULL; then `reason`, where it is asked for, says
// why the first cannot.
static void *load(const char *const *files, const char **reason) {
    for (const char *const *file = files; *file; file++) {
        void *library = dlopen(*file, RTLD_NOW | RTLD_LOCAL);
        if (library) return library;
        if (reason && !*reason) *reason = dlerror();
    }
    return NULL;
}
