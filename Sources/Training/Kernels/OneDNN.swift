// SPDX-License-Identifier: Apache-2.0

import COneDNN

/// The gate to oneDNN: its one CPU engine, and how its refusals become errors.
///
/// Everything that names a oneDNN type lies in this folder, so that another version or another
/// library replaces one folder. <https://oneapi-src.github.io/oneDNN/v2.6/>
enum OneDNN {
    // Written once, by the runtime's own guarded initialisation; oneDNN engines are immutable and
    // may be used from any thread.
    nonisolated(unsafe) private static let sharedEngine: dnnl_engine_t? = {
        var engine: dnnl_engine_t?
        return dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success ? engine : nil
    }()

    static func engine() throws(TrainingError) -> dnnl_engine_t {
        guard let sharedEngine else { throw TrainingError("oneDNN found no CPU engine") }
        return sharedEngine
    }

    /// - Throws: ``TrainingError`` with the reason when `status` is not success.
    static func check(
        _ status: dnnl_status_t, _ action: @autoclosure () -> String
    ) throws(TrainingError) {
        guard status != dnnl_success else { return }
        throw TrainingError("oneDNN could not \(action()): \(reason(status))")
    }

    private static func reason(_ status: dnnl_status_t) -> String {
        switch status {
        case dnnl_out_of_memory: "out of memory"
        case dnnl_invalid_arguments: "invalid arguments"
        case dnnl_unimplemented: "not implemented for these shapes and this processor"
        case dnnl_runtime_error: "runtime error"
        default: "status \(status.rawValue)"
        }
    }
}

/// Where primitives run, in the order they are given.
// Not Sendable: a stream belongs to one network, which belongs to one thread at a time.
final class KernelStream {
    let handle: dnnl_stream_t

    init() throws(TrainingError) {
        var stream: dnnl_stream_t?
        try OneDNN.check(
            dnnl_stream_create(&stream, try OneDNN.engine(), UInt32(dnnl_stream_in_order.rawValue)),
            "create a stream")
        guard let stream else { throw TrainingError("oneDNN gave no stream") }
        handle = stream
    }

    deinit { dnnl_stream_destroy(handle) }
}
