// SPDX-License-Identifier: Apache-2.0

import Glibc
import Interchange
import Tensors

extension Verification {
    /// A folder as models are shared: the index with its shards, and every other weight file.
    func verifyFolder() throws -> Outcome {
        let base = path.hasSuffix("/") ? String(path.dropLast()) : path
        let names = try Self.files(in: base)
        let indexes = names.filter { $0.hasSuffix(Self.indexSuffix) }
        var outcome = Outcome(
            path: path, format: "folder", title: "folder of weight files", isFull: full)
        var covered: Set<String> = []
        for name in indexes + names.filter(Self.isWeightFile) where !covered.contains(name) {
            let part = try Verification(path: base + "/" + name, full: full).run()
            outcome.add(part, from: name)
            covered.insert(name)
            guard indexes.contains(name) else { continue }
            // The index has checked the shards it names.
            let named = Self.shards(namedBy: base + "/" + name)
            covered.formUnion(named)
            let stem = name.dropLast(Self.indexSuffix.count) + "-"
            outcome.problems += names.filter {
                $0.hasPrefix(stem) && $0.hasSuffix(".safetensors") && !named.contains($0)
            }.map { FileProblem(object: $0, problem: "the index \(name) does not name this shard") }
        }
        guard !covered.isEmpty else {
            throw Failure(
                "\(path): expected weight files in the folder, found "
                    + (names.isEmpty ? "none at all" : names.prefix(6).joined(separator: ", ")))
        }
        return outcome
    }

    private static let indexSuffix = ".safetensors.index.json"

    private static func isWeightFile(_ name: String) -> Bool {
        let suffixes = [
            ".safetensors", ".h5", ".hdf5", ".keras", ".pt", ".pth", ".bin", ".npy", ".npz",
            ".onnx", ".gguf",
        ]
        return suffixes.contains(where: name.hasSuffix)
    }

    private static func shards(namedBy index: String) -> Set<String> {
        guard let region = try? ByteRegion(mappingFile: index),
            let map = (try? JSON(parsing: region.bytes))?["weight_map"]?.objectValue
        else { return [] }
        return Set(map.values.compactMap(\.stringValue))
    }

    /// Regular files and links to them, by name.
    private static func files(in folder: String) throws -> [String] {
        guard let directory = opendir(folder) else {
            throw Failure("\(folder): cannot list it: \(String(cString: strerror(errno)))")
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            var status = stat()
            guard stat(folder + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG
            else { continue }
            names.append(name)
        }
        return names.sorted()
    }
}

extension Verification.Outcome {
    /// Takes what was found in one file of a folder.
    fileprivate mutating func add(_ part: Verification.Outcome, from name: String) {
        problems += part.problems.map {
            FileProblem(
                object: $0.object.isEmpty ? name : "\(name): \($0.object)", problem: $0.problem)
        }
        broken += part.broken
        checked += part.checked.map { "\(name): \($0)" }
        unchecked += part.unchecked.map { "\(name): \($0)" }
        remarks += part.remarks.map { "\(name): \($0)" }
        if doctor == nil { doctor = part.doctor }
    }
}
