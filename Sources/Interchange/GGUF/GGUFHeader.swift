// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Everything before a GGUF file's data section.
struct GGUFHeader {
    let region: ByteRegion
    let path: String
    let version: Int
    private(set) var metadata: [String: JSON] = [:]
    private(set) var tensors: [GGUFTensor] = []
    private(set) var alignment = 32
    private(set) var dataStart = 0

    /// Far above real models: a file of the smallest declarations stays harmless.
    private static let tensorLimit = 1 << 16
    private static let keyLimit = 1 << 14
    /// `GGML_MAX_DIMS`.
    private static let rankLimit = 4
    /// Longer names are refused; those above the format's own 64 bytes are only told.
    private static let longestName = 1 << 10

    /// - Throws: ``InterchangeError`` for a header that cannot be read to its end.
    init(_ region: ByteRegion, path: String) throws(InterchangeError) {
        self.region = region
        self.path = path
        var cursor = GGUFCursor(region.bytes, path: path)
        guard region.bytes.starts(with: "GGUF".utf8) else {
            throw InterchangeError(.malformed, path, "it does not start as a GGUF file does")
        }
        try cursor.skip(4)
        let version = try cursor.number(UInt32.self)
        guard version & 0xFFFF != 0 || version == 0 else {
            throw InterchangeError(.unsupported, path, "the file is big-endian, expected little")
        }
        guard version == 2 || version == 3 else {
            throw InterchangeError(
                .unsupported, path, found: "GGUF version \(version)", expected: "2 or 3")
        }
        self.version = Int(version)
        // A tensor takes a name's length, a rank, a type and an offset; a key its length, the
        // value's type and a byte.
        let tensorCount = try cursor.count("tensors", least: 24, limit: Self.tensorLimit)
        let keyCount = try cursor.count("keys", least: 13, limit: Self.keyLimit)
        try readMetadata(keyCount, from: &cursor)
        try readTensors(tensorCount, from: &cursor)
        dataStart = Self.aligned(cursor.position, to: alignment)
    }

    private mutating func readMetadata(
        _ count: Int, from cursor: inout GGUFCursor
    ) throws(InterchangeError) {
        var budget = MetadataBudget()
        for _ in 0..<count {
            let key = try cursor.string("a key")
            guard !key.isEmpty, key.utf8.count < 1 << 16 else {
                throw InterchangeError(
                    .malformed, path, found: "a key of \(key.utf8.count) bytes",
                    expected: "1 to 65535")
            }
            let type = try cursor.valueType()
            let value = try cursor.value(type, key: key, budget: &budget)
            guard metadata.updateValue(value, forKey: key) == nil else {
                throw InterchangeError(.malformed, path, "the key '\(key)' stands twice")
            }
        }
        guard let stated = metadata["general.alignment"] else { return }
        guard let value = stated.integerValue, value >= 8, value <= 1 << 20,
            value & (value - 1) == 0
        else {
            throw InterchangeError(
                .malformed, path, found: "an alignment of \(stated)",
                expected: "a power of two from 8 to \(1 << 20)")
        }
        alignment = value
    }

    private mutating func readTensors(
        _ count: Int, from cursor: inout GGUFCursor
    ) throws(InterchangeError) {
        var names: Set<String> = []
        for _ in 0..<count {
            let name = try cursor.string("a tensor's name")
            guard !name.isEmpty, name.utf8.count <= Self.longestName else {
                throw InterchangeError(
                    .malformed, path, found: "a tensor's name of \(name.utf8.count) bytes",
                    expected: "1 to \(Self.longestName)")
            }
            guard names.insert(name).inserted else {
                throw InterchangeError(.malformed, path, "two tensors are called '\(name)'")
            }
            tensors.append(try readTensor(name, from: &cursor))
        }
    }

    private func readTensor(
        _ name: String, from cursor: inout GGUFCursor
    ) throws(InterchangeError) -> GGUFTensor {
        func refusal(_ problem: String) -> InterchangeError {
            InterchangeError(.malformed, path, "tensor '\(name)': \(problem)")
        }
        let rank = try cursor.number(UInt32.self)
        guard rank <= Self.rankLimit else {
            throw refusal("found \(rank) dimensions, expected at most \(Self.rankLimit)")
        }
        var dimensions: [Int] = []
        for _ in 0..<rank {
            guard let extent = Int(exactly: try cursor.number(UInt64.self)) else {
                throw refusal("a dimension does not fit in 63 bits")
            }
            dimensions.append(extent)
        }
        let code = try cursor.number(UInt32.self)
        guard let type = GGUFType.all[Int(code)] else {
            throw InterchangeError(
                .unsupported, path, "tensor '\(name)': found type \(code), which ggml does not have"
            )
        }
        guard let offset = Int(exactly: try cursor.number(UInt64.self)) else {
            throw refusal("its offset does not fit in 63 bits")
        }
        // Blocks lie along the innermost axis, which the file has first.
        guard (dimensions.first ?? 1) % type.blockCount == 0 else {
            throw refusal(
                "found rows of \(dimensions.first ?? 1), expected a multiple of \(type.blockCount) for \(type.name)"
            )
        }
        let shape: Shape
        do throws(TensorError) {
            shape = try Shape(dimensions.reversed())
        } catch {
            throw refusal(error.description)
        }
        let (byteCount, overflow) = (shape.elementCount / type.blockCount)
            .multipliedReportingOverflow(by: type.blockByteCount)
        guard !overflow else {
            throw refusal("\(type.name) \(shape) takes more than 63 bits of bytes")
        }
        return GGUFTensor(
            name: name, shape: shape, type: type, offset: offset, byteCount: byteCount)
    }

    private static func aligned(_ position: Int, to alignment: Int) -> Int {
        (position + alignment - 1) & ~(alignment - 1)
    }
}

extension GGUFHeader {
    /// Tensors that are not where they may be; without any, every tensor can be read.
    func layoutProblems() -> [FileProblem] {
        var problems: [FileProblem] = []
        let room = max(region.count - dataStart, 0)
        for tensor in tensors {
            if tensor.offset > room || tensor.byteCount > room - tensor.offset {
                problems.append(
                    FileProblem(
                        object: tensor.name,
                        problem:
                            "found \(tensor.byteCount) bytes at offset \(tensor.offset), expected them in the \(room) bytes of the data section"
                    ))
            }
            if tensor.offset % alignment != 0 {
                problems.append(
                    FileProblem(
                        object: tensor.name,
                        problem:
                            "found offset \(tensor.offset), expected a multiple of \(alignment)"))
            }
        }
        guard problems.isEmpty else { return problems }
        var last: GGUFTensor?
        for tensor in tensors.filter({ $0.byteCount > 0 }).sorted(by: { $0.offset < $1.offset }) {
            if let last, tensor.offset < last.offset + last.byteCount {
                problems.append(
                    FileProblem(
                        object: tensor.name, problem: "its bytes overlap those of '\(last.name)'"))
            }
            last = tensor
        }
        return problems
    }

    /// What readers accept and the specification does not.
    func conventionProblems() -> [FileProblem] {
        var problems: [FileProblem] = []
        for tensor in tensors where tensor.name.utf8.count > 64 {
            problems.append(
                FileProblem(
                    object: tensor.name,
                    problem: "found a name of \(tensor.name.utf8.count) bytes, expected at most 64")
            )
        }
        if metadata["general.architecture"]?.stringValue == nil {
            problems.append(
                FileProblem(
                    object: "general.architecture", problem: "the key is missing, expected a string"
                ))
        }
        return problems
    }
}
