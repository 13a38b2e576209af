// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The four functions of Open MPI that are needed, from the library that `mpirun` belongs to. The
/// program is not linked with it, so that it runs where there is none.
final class MPILibrary {
    private typealias Initialise =
        @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> CInt
    private typealias Finish = @convention(c) () -> CInt
    private typealias Barrier =
        @convention(c) (UnsafeMutableRawPointer, UnsafeMutablePointer<UnsafeMutableRawPointer?>)
        -> CInt
    private typealias Test =
        @convention(c) (
            UnsafeMutablePointer<UnsafeMutableRawPointer?>, UnsafeMutablePointer<CInt>,
            UnsafeMutableRawPointer?
        ) -> CInt

    private let finishFunction: Finish
    private let barrier: Barrier
    private let test: Test
    /// MPI_COMM_WORLD.
    private let world: UnsafeMutableRawPointer

    /// Loads the library and calls MPI_Init.
    static func start() throws -> MPILibrary {
        var handle: UnsafeMutableRawPointer?
        for name in ["libmpi.so.40", "libmpi.so"] where handle == nil {
            // Its plug-ins look for its symbols among the global ones.
            handle = dlopen(name, RTLD_NOW | RTLD_GLOBAL)
        }
        guard let handle else {
            throw Failure(
                "started by mpirun, but Open MPI's library cannot be loaded: \(String(cString: dlerror()))"
            )
        }
        return try MPILibrary(handle)
    }

    private init(_ handle: UnsafeMutableRawPointer) throws {
        func symbol(_ name: String) throws -> UnsafeMutableRawPointer {
            guard let symbol = dlsym(handle, name) else {
                throw Failure("the MPI library has no '\(name)', expected Open MPI 4 or later")
            }
            return symbol
        }
        let initialise = unsafeBitCast(try symbol("MPI_Init"), to: Initialise.self)
        finishFunction = unsafeBitCast(try symbol("MPI_Finalize"), to: Finish.self)
        barrier = unsafeBitCast(try symbol("MPI_Ibarrier"), to: Barrier.self)
        test = unsafeBitCast(try symbol("MPI_Test"), to: Test.self)
        world = try symbol("ompi_mpi_comm_world")
        guard initialise(nil, nil) == 0 else { throw Failure("MPI_Init failed") }
    }

    /// A barrier that sleeps: MPI's own keeps a processor busy that others compute on.
    func wait() throws {
        var request: UnsafeMutableRawPointer?
        guard barrier(world, &request) == 0 else { throw Failure("MPI_Ibarrier failed") }
        while true {
            var isDone: CInt = 0
            guard test(&request, &isDone, nil) == 0 else { throw Failure("MPI_Test failed") }
            if isDone != 0 { return }
            if Interruption.isRequested {
                throw Failure.interrupted("the parts that are done are kept")
            }
            usleep(5_000)
        }
    }

    func finish() { _ = finishFunction() }
}
