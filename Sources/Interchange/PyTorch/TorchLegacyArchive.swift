// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The parts of a file from before PyTorch 1.6.
struct TorchLegacyArchive: TorchSource {
    let path: String
    /// The object; the others of the five pickles only describe it.
    let pickle: Pickle
    let isBigEndian: Bool
    /// Where the first storage's count stands, behind the pickles.
    let storagesStart: Int
    /// Behind the last storage.
    let end: Int
    private let region: ByteRegion
    private let storages: [String: Range<Int>]
    /// Before each storage's bytes stands how many elements it has.
    private static let countByteCount = 8
    /// A sign that the keys are made up.
    private static let storageLimit = 1 << 20

    init(_ region: ByteRegion, path: String) throws(InterchangeError) {
        self.path = path
        self.region = region
        guard PyTorchLegacyFile.hasMagic(region) else {
            throw try Self.refusal(region, path: path)
        }
        var offset = 0
        func next(_ object: String) throws(InterchangeError) -> Pickle {
            var machine = PickleMachine(region, at: offset, path: path, object: object)
            let pickle = try machine.run()
            offset = pickle.end
            return pickle
        }
        _ = try next("the magic number")
        let version = try next("the version")
        guard version.graph.integer(version.root) == 1001 else {
            throw InterchangeError(
                .unsupported, path,
                found: "PyTorch's protocol \(version.graph.summary(version.root))",
                expected: "1001")
        }
        let system = try next("the description of the system")
        isBigEndian = Self.isBigEndian(system)
        pickle = try next("the pickle")
        let keys = try next("the list of storages")
        storagesStart = offset
        let sizes = try TorchStorageSizes(pickle, path: path)
        var storages: [String: Range<Int>] = [:]
        guard case .list = keys.graph[keys.root] else {
            throw InterchangeError(.malformed, path, "the list of storages is no list")
        }
        let items = keys.graph.items(keys.root)
        guard items.count <= Self.storageLimit else {
            throw InterchangeError(.malformed, path, "there are \(items.count) storages")
        }
        for item in items {
            guard let key = keys.graph.string(item) ?? keys.graph.integer(item).map(String.init)
            else { throw InterchangeError(.malformed, path, "the key of a storage is no text") }
            let shown = PickleText.escaped(key)
            guard let itemByteCount = sizes.itemByteCount[key] else {
                // Without a tensor that uses it nobody knows how long it is.
                throw InterchangeError(.malformed, path, "no tensor uses storage '\(shown)'")
            }
            guard region.count - offset >= Self.countByteCount else {
                throw InterchangeError(.malformed, path, "storage '\(shown)' is cut off")
            }
            let count = Int64(
                littleEndian: region.bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self))
            offset += Self.countByteCount
            let (byteCount, overflow) = Int(count).multipliedReportingOverflow(by: itemByteCount)
            guard count >= 0, !overflow, byteCount <= region.count - offset else {
                throw InterchangeError(
                    .malformed, path,
                    found:
                        "storage '\(shown)' of \(count) elements in \(region.count - offset) bytes",
                    expected: "all of them")
            }
            guard storages.updateValue(offset..<(offset + byteCount), forKey: key) == nil else {
                throw InterchangeError(.malformed, path, "storage '\(shown)' stands twice")
            }
            offset += byteCount
        }
        self.storages = storages
        end = offset
    }

    private static func isBigEndian(_ system: Pickle) -> Bool {
        var items = system.graph.items(system.root)
        while let key = items.next(), let value = items.next() {
            if system.graph.string(key) == "little_endian" {
                return system.graph.integer(value) == 0
            }
        }
        return false
    }

    func byteCount(ofStorage key: String) -> Int? { storages[key]?.count }

    func bytes(ofStorage key: String) throws(InterchangeError) -> (ByteRegion, offset: Int) {
        guard let range = storages[key] else {
            throw InterchangeError(
                .malformed, path, "there is no storage '\(PickleText.escaped(key))'")
        }
        return (ByteRegion(part: range, of: region), 0)
    }

    /// What a pickle is that PyTorch did not write, and what it would have run.
    private static func refusal(
        _ region: ByteRegion, path: String
    ) throws(InterchangeError) -> InterchangeError {
        var machine = PickleMachine(region, path: path, object: "the pickle")
        let pickle = try machine.run()
        let root = pickle.graph.record(pickle.root).flatMap { pickle.graph.global($0.callable) }
        var kind = "a Python pickle of \(pickle.graph.summary(pickle.root))"
        if root?.name.module == "torch.distributed.checkpoint.metadata" {
            kind = "the index of a distributed PyTorch checkpoint"
        }
        if let call = pickle.calls.first {
            kind += ", which would have called " + call + " where it is trusted"
        }
        return InterchangeError(
            .unsupported, path, found: kind, expected: "a file that torch.save has written")
    }
}

/// How wide the elements of each storage are, which the storages themselves do not say.
struct TorchStorageSizes {
    private(set) var itemByteCount: [String: Int] = [:]

    init(_ pickle: Pickle, path: String) throws(InterchangeError) {
        let objects = TorchObjects(graph: pickle.graph)
        for value in pickle.graph.persistentValues {
            guard let storage = try? objects.storage(value) else { continue }
            let width = storage.type?.byteCount ?? 1
            guard itemByteCount.updateValue(width, forKey: storage.key) ?? width == width else {
                throw InterchangeError(
                    .malformed, path,
                    "storage '\(PickleText.escaped(storage.key))' has elements of two sizes")
            }
        }
    }
}
