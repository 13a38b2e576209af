// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import Tensors

/// Opening other people's files.
enum InputFile {
    /// Maps the whole file at `path`.
    static func map(_ path: String) throws(InterchangeError) -> ByteRegion {
        do throws(TensorError) {
            return try ByteRegion(mappingFile: path)
        } catch {
            // A folder that PyTorch's distributed checkpoints are.
            if exists(path + "/.metadata") {
                throw InterchangeError(
                    .unsupported, path, found: "the folder of a distributed PyTorch checkpoint",
                    expected: "one file; PyTorch's dcp_to_torch_save makes one of it")
            }
            throw InterchangeError(.unreadable, path, error)
        }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The first of `names` that is a file in `directory`.
    ///
    /// - Throws: ``InterchangeError`` naming all of them when none is there.
    static func find(_ names: [String], in directory: String) throws(InterchangeError) -> String {
        let folder = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        for name in names where exists(folder + "/" + name) { return folder + "/" + name }
        guard exists(directory) else {
            throw InterchangeError(.unreadable, directory, "there is no such directory")
        }
        throw InterchangeError(
            .unreadable, directory, "expected a file \(names.joined(separator: " or ")) in it")
    }
}

/// `body` for each index on all cores; the results in order, or the error of the lowest index.
func concurrentResults<Value: Sendable>(
    _ count: Int, _ body: @Sendable (Int) throws(InterchangeError) -> Value
) throws(InterchangeError) -> [Value] {
    typealias Outcome = Result<Value, InterchangeError>
    let outcomes = [Outcome?](unsafeUninitializedCapacity: count) { buffer, initialized in
        // Each iteration writes its own element, so the buffer needs no lock.
        nonisolated(unsafe) let slots = buffer
        DispatchQueue.concurrentPerform(iterations: count) { index in
            let outcome = Outcome { () throws(InterchangeError) in try body(index) }
            slots.initializeElement(at: index, to: outcome)
        }
        initialized = count
    }
    var values: [Value] = []
    for case let outcome? in outcomes { values.append(try outcome.get()) }
    return values
}
