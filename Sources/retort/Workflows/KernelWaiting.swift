// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How kernel threads wait for each other.
///
/// libgomp, which runs oneDNN's threads, spins between kernels. On an idle machine that gains
/// nothing measurable; beside another busy process the spinning threads take the processor from
/// the ones they wait for, and training slows down twentyfold. Sleeping instead must be asked for
/// in the environment before the program starts, so the tool starts itself anew, once.
enum KernelWaiting {
    /// Called first by commands that compute. Whoever sets `OMP_WAIT_POLICY` or `GOMP_SPINCOUNT`
    /// is left alone; if starting anew fails, the command runs as it is.
    static func makePassive() {
        guard getenv("OMP_WAIT_POLICY") == nil, getenv("GOMP_SPINCOUNT") == nil else { return }
        setenv("OMP_WAIT_POLICY", "passive", 1)
        execv("/proc/self/exe", CommandLine.unsafeArgv)
    }
}
