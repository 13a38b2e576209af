// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors

/// The files beside a model that hold its tensors' elements, each mapped once.
///
/// A location is what a stranger wrote: it must be a relative path that stays in the model's
/// folder, and no part of it may be a symbolic link (GHSA-538c-55jv-c5g9 and its relatives).
struct ONNXExternalFiles {
    private let folder: String
    private var regions: [String: ByteRegion] = [:]
    /// Some exporters write a file a tensor.
    private static let fileLimit = 8192

    init(model path: String) {
        guard let slash = path.lastIndex(of: "/") else {
            folder = "."
            return
        }
        folder = slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Bytes of all files together.
    var byteCount: Int { regions.values.reduce(0) { $0 + $1.count } }

    /// The file that holds `data`, and where in it: up to the end when no length is declared.
    mutating func find(
        _ data: ONNXTensor.ExternalData, of tensor: ONNXTensor, path: String
    ) throws(InterchangeError) -> (ByteRegion, Range<Int>) {
        if let malformed = data.malformed {
            throw tensor.failure(.malformed, path, "its external data have \(malformed)")
        }
        let region: ByteRegion
        if let known = regions[data.location] {
            region = known
        } else {
            do throws(InterchangeError) {
                guard regions.count < Self.fileLimit else {
                    throw InterchangeError(
                        .unsupported, path, "its tensors lie in more than \(Self.fileLimit) files")
                }
                region = try map(data.location, path: path)
            } catch {
                throw tensor.failure(error.kind, path, error.problem)
            }
            regions[data.location] = region
        }
        let offset = data.offset ?? 0
        guard offset >= 0, offset <= region.count,
            (0...(region.count - offset)).contains(data.length ?? 0)
        else {
            let length = data.length.map { "\($0) bytes at " } ?? ""
            throw tensor.failure(
                .malformed, path,
                "found \(length)offset \(offset) of '\(data.location)', expected them in its \(region.count) bytes"
            )
        }
        return (region, offset..<region.count)
    }

    private func map(_ location: String, path: String) throws(InterchangeError) -> ByteRegion {
        let parts = location.split(separator: "/", omittingEmptySubsequences: false)
            .filter { $0 != "." }
        guard let name = parts.last, location.utf8.count <= 4096, !location.utf8.contains(0),
            !location.contains("\\"), parts.allSatisfy({ !$0.isEmpty && $0 != ".." })
        else {
            throw InterchangeError(
                .malformed, path,
                found: "external data at '\(location)'",
                expected: "a relative path inside the model's folder")
        }
        var directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw refusal(location, path) }
        defer { close(directory) }
        // Part by part, so that no folder on the way can be a link out of the model's own.
        for part in parts.dropLast() {
            let next = openat(
                directory, String(part), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
            guard next >= 0 else { throw refusal(location, path) }
            close(directory)
            directory = next
        }
        let file = openat(
            directory, String(name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { throw refusal(location, path) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw InterchangeError(
                .malformed, path, "its external data '\(location)' are not a regular file")
        }
        do throws(TensorError) {
            return try ByteRegion(mapping: file, count: Int(status.st_size), name: location)
        } catch {
            throw InterchangeError(.unreadable, path, error)
        }
    }

    private func refusal(_ location: String, _ path: String) -> InterchangeError {
        // With O_NOFOLLOW a link is ELOOP, or ENOTDIR where a folder was wanted.
        let reason = errno == ELOOP ? "is a symbolic link" : String(cString: strerror(errno))
        return InterchangeError(
            .unreadable, path, "cannot open its external data '\(location)': \(reason)")
    }
}
