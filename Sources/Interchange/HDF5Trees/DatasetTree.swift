// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

/// The datasets of a file in natural order of their paths.
struct DatasetTree {
    private(set) var datasets: [(name: String, dataset: HDF5Dataset)] = []
    /// Links that lead elsewhere and what they name, and objects that are not read, a sentence each.
    private(set) var remarks: [String] = []
    private let path: String
    private let mostPaths: Int
    private var paths = 0
    private var seen: Set<Int> = []

    /// - Throws: ``InterchangeError`` when hard links make so many paths of few objects that
    ///   listing them would take more than the file justifies.
    init(_ file: HDF5File, path: String) throws(InterchangeError) {
        try self.init(file.root, path: path, byteCount: file.region.count)
    }

    init(_ group: HDF5Group, path: String, byteCount: Int) throws(InterchangeError) {
        self.path = path
        // No object takes less than 64 bytes; a view of a whole model by hard links doubles the
        // paths, and a few such views are as much as anyone makes.
        mostPaths = 4_096 + byteCount / 16
        try walk(group, prefix: "")
    }

    // The reader accepts at most 64 levels, so this recursion ends.
    private mutating func walk(_ group: HDF5Group, prefix: String) throws(InterchangeError) {
        for member in group.members.sorted(by: { NaturalOrder.precedes($0.name, $1.name) }) {
            paths += 1
            guard paths <= mostPaths else {
                throw InterchangeError(
                    .malformed, path, "hard links make more than \(mostPaths) paths of few objects")
            }
            let name = prefix + member.name
            switch member.object {
            case .group(let group): try walk(group, prefix: name + "/")
            case .dataset(let dataset): datasets.append((name, dataset))
            case .datatype: continue
            case .link(let link): remarks.append("'\(name)' is \(link.sentence)")
            case .unread(let object):
                remarks.append("'\(name)' cannot be read: \(object.error.reason)")
            }
        }
    }
}

extension HDF5Link {
    /// What the link is and that it is not followed.
    var sentence: String {
        switch kind {
        case .soft: "a soft link to '\(target)', which is not followed"
        case .external(let file):
            "an external link to '\(target)' in the file '\(file)', which is not opened"
        case .userDefined(let number): "a link of the unknown kind \(number), which is not followed"
        }
    }
}

/// Makes entries of datasets, and knows which were seen before under another name.
struct TiedDatasets {
    private var names: [Int: String] = [:]

    /// The entry of a dataset, called `name`; its elements are read when they are asked for.
    mutating func entry(
        _ dataset: HDF5Dataset, name: String, path: String, role: ParameterRole? = nil
    ) -> WeightEntry {
        var entry = WeightEntry(dataset, name: name, path: path)
        entry.role = role
        if let first = names[dataset.address] {
            entry.sharedWith = first
        } else {
            names[dataset.address] = name
        }
        return entry
    }
}

extension WeightEntry {
    /// The entry of a dataset: to be read where its elements are numbers, listed where not.
    init(_ dataset: HDF5Dataset, name: String, path: String) {
        let stored = dataset.storedByteCount
        let shape = dataset.tensorShape
        if let refusal = dataset.refusal {
            self.init(
                unread: name, typeName: dataset.elementType?.rawValue ?? "\(dataset.datatype)",
                shape: dataset.shape, byteCount: stored, reason: refusal, subject: path)
        } else if let type = dataset.elementType ?? dataset.datatype.tensorType, let shape {
            self.init(name: name, elementType: type, shape: shape, storedByteCount: stored) {
                () throws(InterchangeError) in
                try HDF5Tree.read(path) { () throws(HDF5Error) in try dataset.tensor() }
            }
        } else {
            self.init(
                unread: name, typeName: "\(dataset.datatype)", shape: dataset.shape,
                byteCount: stored, reason: "elements of type \(dataset.datatype) are not read",
                subject: path)
        }
        sourceName = (try? dataset.attribute("source_name")?.string()) ?? nil
        if let text = (try? dataset.attribute(HDF5Export.digestAttribute)?.string()) ?? nil {
            digest = try? Digest(hexadecimal: text)
        }
    }
}

extension HDF5Dataset {
    /// The shape of ``tensor()``: the extents of array elements are part of it.
    var tensorShape: Shape? {
        var dimensions = shape.dimensions
        var base = datatype
        while case .array(let element, let extents) = base {
            dimensions += extents
            base = element
        }
        return try? Shape(dimensions)
    }
}
