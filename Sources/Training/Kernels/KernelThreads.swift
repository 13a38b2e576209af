// SPDX-License-Identifier: Apache-2.0

import COneDNN

/// The threads kernels run on: one for each processor this process may use, or as many as the
/// environment's `OMP_NUM_THREADS` says. Equal seeds give equal bits for equal thread counts.
public enum KernelThreads {
    public static var count: Int { Int(omp_get_max_threads()) }

    private struct Work {
        let count: Int
        let body: (Range<Int>) -> Void

        func runPart(_ index: Int, of parts: Int) {
            let range = (count * index / parts)..<(count * (index + 1) / parts)
            if !range.isEmpty { body(range) }
        }
    }

    /// Runs `body` over consecutive parts of `0..<count`, one on each of oneDNN's own threads, so
    /// that no second set of threads competes with them for the processors.
    ///
    /// The parts depend on the thread count: `body` must not sum across indices.
    public static func split(_ count: Int, _ body: (Range<Int>) -> Void) {
        guard count > 0 else { return }
        withoutActuallyEscaping(body) { body in
            var work = Work(count: count, body: body)
            withUnsafeMutablePointer(to: &work) { work in
                GOMP_parallel(
                    { context in
                        guard let work = context?.assumingMemoryBound(to: Work.self) else { return }
                        work.pointee.runPart(
                            Int(omp_get_thread_num()), of: Int(omp_get_num_threads()))
                    }, work, UInt32(min(count, Self.count)), 0)
            }
        }
    }
}
