// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import Interchange

/// Where a conversion goes: which file, which format, and whether a store there is appended to.
struct ConversionTarget {
    let path: String
    let format: WeightFormat
    /// Whether the file is a store that is there and stays.
    let isExistingStore: Bool
    /// What the checkpoint is called, in a store.
    let checkpoint: String

    /// - Parameters:
    ///   - stated: the format the user names.
    ///   - name: what the user calls the checkpoint; only stores have checkpoints.
    /// - Throws: ``Failure`` when the suffix does not tell the format, or the target is the source.
    init(
        _ path: String, stated: WeightFormat?, name: String?, layout: ParameterRole.Layout?,
        source: WeightSource
    ) throws {
        let isStore = access(path, F_OK) == 0 && WeightSource.isStore(path)
        if isStore, let stated, stated != .store {
            throw Failure("\(path): is a store, which nothing replaces; remove it first")
        }
        format =
            try isStore
            ? .store
            : stated
                ?? Self.format(of: path, name: name, layout, source.file)
        self.path = path
        isExistingStore = isStore
        checkpoint = name ?? Self.defaultName(for: source)
        guard format.isWritable else {
            throw Failure("\(path): a \(format.title) can be read and not written")
        }
        if name != nil, format != .store {
            throw Failure(
                "\(path): --as names a checkpoint of a store, and this is a \(format.title)")
        }
        if !isStore, Self.isSameFile(path, source.file.path) {
            throw Failure("\(path): is the file to convert, and a conversion never replaces that")
        }
    }

    /// The format that the suffix stands for.
    private static func format(
        of path: String, name: String?, _ layout: ParameterRole.Layout?, _ source: WeightFile
    ) throws -> WeightFormat {
        // Longer suffixes first: `.weights.h5` is also an `.h5`.
        let suffixes: [(String, WeightFormat)] = [
            (".safetensors.index.json", .shardedSafetensors), (".safetensors", .safetensors),
            (".weights.h5", .kerasWeights), (".keras", .kerasArchive), (".retort.h5", .store),
            (".hdf5", .hdf5), (".pt", .pytorch), (".pth", .pytorch), (".npy", .npy),
            (".npz", .npz), (".onnx", .onnx), (".gguf", .gguf),
        ]
        if let match = suffixes.first(where: { path.hasSuffix($0.0) }) { return match.1 }
        if path.hasSuffix(".h5") {
            if name != nil { return .store }
            let isKeras = source.format.nameFamily != .other || source.model?.graph != nil
            if layout == .keras || (isKeras && source.format != .store) { return .kerasLegacy }
            throw Failure(
                "\(path): an .h5 may be several things, say which: "
                    + "'--to retort-store', '--to keras-legacy' or '--to hdf5'")
        }
        let known = suffixes.map(\.0).filter { $0 != ".gguf" }.joined(separator: " ")
        throw Failure(
            "\(path): its suffix names no format to write, expected one of \(known) or --to FORMAT"
        )
    }

    /// The source's own name for the model, as far as a store allows it.
    private static func defaultName(for source: WeightSource) -> String {
        if let name = source.checkpoint?.name { return name }
        let file = source.file.path.split(separator: "/").last.map(String.init) ?? "model"
        let suffixes = [
            ".safetensors.index.json", ".weights.h5", ".retort.h5", ".safetensors", ".keras",
        ]
        let suffix = suffixes.first { file.hasSuffix($0) }
        let stem =
            suffix.map { String(file.dropLast($0.count)) }
            ?? file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file
        let allowed = stem.utf8.prefix(200).map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                byte
            default: UInt8(ascii: "-")
            }
        }
        let name = String(decoding: allowed, as: UTF8.self)
        return ["", ".", ".."].contains(name) ? "model" : name
    }

    private static func isSameFile(_ left: String, _ right: String) -> Bool {
        var (first, second) = (stat(), stat())
        guard stat(left, &first) == 0, stat(right, &second) == 0 else { return false }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }
}
