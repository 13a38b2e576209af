// SPDX-License-Identifier: Apache-2.0

import COneDNN

/// The threads kernels run on: one for each processor this process may use, or as many as the
/// environment's `OMP_NUM_THREADS` says. Equal seeds give equal bits for equal thread counts.
public enum KernelThreads {
    public static var count: Int { Int(omp_get_max_threads()) }
}
