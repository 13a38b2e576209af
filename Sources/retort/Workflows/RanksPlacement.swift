// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Which processors one of several processes on a machine computes on.
///
/// `mpirun` binds each process to one core when there are few of them, whatever it computes with.
/// Each gets an equal run of the processors instead, and as many kernel threads.
struct RankPlacement {
    let rank: Int
    /// Processes on this machine.
    let count: Int

    /// Binds the process and starts the program anew with the thread count in its environment, where
    /// the kernels' threads look for it. Whoever sets `OMP_NUM_THREADS` keeps it. Comes before MPI
    /// is started, which a program can do only once.
    func apply() {
        let own = Self.share(of: Self.processors(), rank: rank, count: count)
        if !own.isEmpty { Self.bind(to: own) }
        guard getenv("OMP_NUM_THREADS") == nil else { return KernelWaiting.makePassive() }
        setenv("OMP_NUM_THREADS", String(max(own.count, 1)), 1)
        if getenv("OMP_WAIT_POLICY") == nil, getenv("GOMP_SPINCOUNT") == nil {
            setenv("OMP_WAIT_POLICY", "passive", 1)
        }
        execv("/proc/self/exe", CommandLine.unsafeArgv)
    }

    /// A run of the processors; where there are more processes than processors, they take turns.
    static func share(of processors: [Int], rank: Int, count: Int) -> [Int] {
        let total = processors.count
        guard total > 0, count > 0 else { return [] }
        guard count <= total else { return [processors[rank % total]] }
        return Array(processors[(total * rank / count)..<(total * (rank + 1) / count)])
    }

    // MARK: The system's masks

    private typealias Mask = [UInt64]
    private typealias Call = @convention(c) (pid_t, Int, UnsafeMutableRawPointer) -> CInt

    /// glibc's functions, which its module map does not show to Swift.
    private static func call(_ name: String, _ mask: inout Mask) -> Bool {
        guard let symbol = dlsym(nil, name) else { return false }
        let function = unsafeBitCast(symbol, to: Call.self)
        return mask.withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress else { return false }
            return function(0, bytes.count, start) >= 0
        }
    }

    private static func bind(to processors: [Int]) {
        var mask = Mask(repeating: 0, count: 16)
        for processor in processors where processor < mask.count * 64 {
            mask[processor / 64] |= 1 << UInt64(processor % 64)
        }
        _ = call("sched_setaffinity", &mask)
    }

    /// The processors the system lets the process use at all, however it is bound now.
    private static func processors() -> [Int] {
        var mask = Mask(repeating: .max, count: 16)
        // The system cuts the mask down to what its control group has.
        _ = call("sched_setaffinity", &mask)
        mask = Mask(repeating: 0, count: 16)
        guard call("sched_getaffinity", &mask) else { return [] }
        return (0..<(mask.count * 64)).filter { mask[$0 / 64] >> UInt64($0 % 64) & 1 == 1 }
    }
}
