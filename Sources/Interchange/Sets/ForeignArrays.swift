// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The arrays of a file that is not about weights: found by the names that tools give them.
struct ForeignArrays {
    let file: WeightFile
    var path: String { file.path }

    init(_ path: String) throws(InterchangeError) {
        file = try WeightFile.open(path)
        guard !file.entries.isEmpty else {
            throw InterchangeError(.mismatch, path, "it holds no arrays")
        }
    }

    /// The first of `names` that the file has; a nested dictionary's last name counts too.
    func find(_ names: [String]) -> WeightEntry? {
        for name in names {
            if let entry = file[name] { return entry }
        }
        for name in names {
            if let entry = file.entries.first(where: { $0.name.hasSuffix("." + name) }) {
                return entry
            }
        }
        return nil
    }

    /// The array called `name`, or else the first of `known`, or else the only one there is.
    func pick(
        _ name: String?, known: [String], what: String
    ) throws(InterchangeError) -> WeightEntry {
        if let name {
            if let entry = file[name] { return entry }
            throw InterchangeError(
                .mismatch, path, found: "the arrays \(list)", expected: "one called '\(name)'")
        }
        if let entry = find(known) { return entry }
        if file.entries.count == 1 { return file.entries[0] }
        throw InterchangeError(
            .mismatch, path, found: "the arrays \(list)",
            expected: "\(what) under one of the names \(known.joined(separator: ", ")); "
                + "name the array with --array")
    }

    /// The integers of the first of `names`; nil where there is none.
    func integers(_ names: [String], count: Int) throws(InterchangeError) -> [Int]? {
        guard let entry = find(names) else { return nil }
        return try Self.integers(try entry.tensor(), name: entry.name, count: count, path: path)
    }

    static func integers(
        _ tensor: Tensor, name: String, count: Int, path: String
    ) throws(InterchangeError) -> [Int] {
        let shape = tensor.shape
        guard shape.rank == 1 || (shape.rank == 2 && shape[1] == 1), shape[0] == count else {
            throw InterchangeError(
                .mismatch, path, found: "array '\(name)' of shape \(shape)",
                expected: "one number for each of the \(count) rows")
        }
        do throws(TensorError) {
            return try tensor.integers()
        } catch {
            throw InterchangeError(
                .mismatch, path, found: "array '\(name)' of \(tensor.elementType)",
                expected: "integers")
        }
    }

    /// A vector of floats called `name`; nil where there is none.
    func numbers(_ name: String, count: Int) throws(InterchangeError) -> Tensor? {
        guard let entry = find([name]) else { return nil }
        guard entry.shape == Shape(trusted: [count]), let type = entry.elementType,
            type == .f32 || type == .f64
        else {
            throw InterchangeError(
                .mismatch, path, found: "array '\(name)' of \(entry.typeName) \(entry.shape)",
                expected: "F32 or F64 (\(count))")
        }
        return try entry.tensor()
    }

    private var list: String {
        let names = file.entries.prefix(8).map { "'\($0.name)'" }.joined(separator: ", ")
        return names + (file.entries.count > 8 ? " and \(file.entries.count - 8) more" : "")
    }
}
