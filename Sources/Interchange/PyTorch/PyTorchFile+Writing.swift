// SPDX-License-Identifier: Apache-2.0

import Tensors

extension PyTorchFile {
    /// Writes what `torch.load(weights_only=True)` reads as an ordered dictionary of tensors.
    ///
    /// Tied tensors share a storage, as they do in PyTorch. Equal content gives equal bytes.
    static func write(_ content: WeightContent, to path: String) throws(InterchangeError) {
        try write(content, texts: [], to: path)
    }

    /// - Parameter texts: values of the dictionary that are no tensors, for tools that ask for them.
    static func write(
        _ content: WeightContent, texts: [(name: String, text: String)], to path: String
    ) throws(InterchangeError) {
        let plan = try storages(of: content, path: path)
        let described = zip(content.entries, plan).map { entry, place in
            (
                name: entry.name, elementType: place.elementType, shape: entry.shape,
                storage: String(place.storage)
            )
        }
        let pickle = TorchPickleWriter.stateDictionary(described, texts: texts)
        let extra = extra(content)
        try ZipWriter.write(to: path) { (archive) throws(InterchangeError) in
            try add("data.pkl", pickle, to: &archive)
            try add(".format_version", Array("1".utf8), to: &archive)
            try add(".storage_alignment", Array("\(alignment)".utf8), to: &archive)
            try add("byteorder", Array("little".utf8), to: &archive)
            var written = 0
            for (entry, place) in Swift.zip(content.entries, plan) where place.storage == written {
                let tensor = try entry.tensor()
                guard tensor.shape == entry.shape, tensor.elementType == place.elementType else {
                    throw InterchangeError(
                        .mismatch, path,
                        "tensor '\(entry.name)' is \(tensor), expected \(place.elementType)"
                            + " \(entry.shape)")
                }
                try add("data/\(written)", tensor, to: &archive)
                written += 1
            }
            try add("version", Array("3\n".utf8), to: &archive)
            if let extra { try add(extraName, Array(extra.text().utf8), to: &archive) }
        }
    }

    private static let alignment = 64
    /// `torch.save` names the folder after the file; the same content shall give the same bytes.
    private static let folder = "archive/"

    /// Which storage each entry gets, numbered in the order of the entries.
    private static func storages(
        of content: WeightContent, path: String
    ) throws(InterchangeError) -> [(elementType: ElementType, storage: Int)] {
        var places: [(elementType: ElementType, storage: Int)] = []
        // By bytes: two spellings of one letter are two names.
        var indices: [[UInt8]: Int] = [:]
        var count = 0
        for (index, entry) in content.entries.enumerated() {
            guard let elementType = entry.elementType else {
                throw InterchangeError(
                    .unsupported, path,
                    "tensor '\(entry.name)' has elements of type \(entry.typeName), which are"
                        + " not written")
            }
            guard indices.updateValue(index, forKey: Array(entry.name.utf8)) == nil else {
                throw InterchangeError(
                    .mismatch, path, "two tensors are called '\(entry.name)', expected one")
            }
            var storage = count
            if let first = entry.sharedWith.flatMap({ indices[Array($0.utf8)] }), first < index,
                try isSame(entry, content.entries[first])
            {
                storage = places[first].storage
            }
            if storage == count { count += 1 }
            places.append((elementType, storage))
        }
        return places
    }

    /// Whether a tie still holds: a conversion may have changed one of the two.
    private static func isSame(
        _ entry: WeightEntry, _ first: WeightEntry
    ) throws(InterchangeError) -> Bool {
        guard entry.elementType == first.elementType, entry.shape == first.shape else {
            return false
        }
        let (a, b) = (try entry.tensor(), try first.tensor())
        return a.withUnsafeBytes { left in
            b.withUnsafeBytes { right in
                left.baseAddress == right.baseAddress && left.count == right.count
            }
        } || a == b
    }

    /// What PyTorch's format has no place for; nil when there is nothing.
    private static func extra(_ content: WeightContent) -> JSON? {
        var members: [String: JSON] = [:]
        if !content.metadata.isEmpty { members["metadata"] = .object(content.metadata) }
        // Conversions carry the configuration among the metadata.
        if let source = content.model?.source, !content.metadata.values.contains(source),
            !content.metadata.values.contains(.string(source.text()))
        {
            members["model"] = source
        }
        let names = content.entries.compactMap { entry in
            entry.sourceName.map { (entry.name, JSON.string($0)) }
        }
        if !names.isEmpty {
            members["source_names"] = .object(Dictionary(names) { first, _ in first })
        }
        return members.isEmpty ? nil : .object(members)
    }

    private static func add(
        _ name: String, _ bytes: [UInt8], to zip: inout ZipWriter
    ) throws(InterchangeError) {
        let result = bytes.withUnsafeBytes { part in
            Result { () throws(InterchangeError) in
                try zip.add(folder + name, alignment: alignment, [part])
            }
        }
        try result.get()
    }

    private static func add(
        _ name: String, _ tensor: Tensor, to zip: inout ZipWriter
    ) throws(InterchangeError) {
        try tensor.withUnsafeBytes { (part) throws(InterchangeError) in
            try zip.add(folder + name, alignment: alignment, [part])
        }
    }
}
