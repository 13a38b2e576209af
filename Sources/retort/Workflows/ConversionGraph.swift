// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import Interchange
import Tensors
import Training

/// Where the graph of weights comes from that do not say theirs.
enum GraphReference {
    /// One of the architectures that `retort train` knows, for images of a shape.
    case named(Architecture, imageShape: Shape, classCount: Int)
    /// A file: our graph as JSON, or a model of any format that says its structure.
    case file(String, checkpoint: String?)

    /// - Parameter text: `cnn:1x28x28,10`, a path, or `STORE#CHECKPOINT`.
    /// - Throws: ``Failure`` when it is neither.
    init(_ text: String) throws {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        if let first = parts.first, let architecture = Architecture(rawValue: first),
            access(text, F_OK) != 0
        {
            let numbers = parts.dropFirst().first?.split(separator: ",").map(String.init) ?? []
            let sides = numbers.first?.split(separator: "x").compactMap { Int($0) } ?? []
            guard numbers.count == 2, sides.count == 3, let classes = Int(numbers[1]),
                classes > 0, sides.allSatisfy({ $0 > 0 }), let shape = try? Shape(sides)
            else {
                throw Failure(
                    "--graph \(text): expected \(first):CxHxW,CLASSES, as in \(first):1x28x28,10")
            }
            self = .named(architecture, imageShape: shape, classCount: classes)
            return
        }
        if access(text, F_OK) == 0 {
            self = .file(text, checkpoint: nil)
            return
        }
        guard let mark = text.lastIndex(of: "#"), access(String(text[..<mark]), F_OK) == 0 else {
            throw Failure(
                "--graph \(text): is no file, and no architecture; known are "
                    + Architecture.names.joined(separator: ", "))
        }
        self = .file(
            String(text[..<mark]), checkpoint: String(text[text.index(after: mark)...]))
    }

    /// Says of the file that its tensors are this graph's parameters.
    func apply(to file: inout WeightFile) throws {
        switch self {
        case .named(let architecture, let shape, let classes):
            try file.bind(architecture.graph(imageShape: shape, classCount: classes))
        case .file(let path, let checkpoint):
            if checkpoint == nil, let json = try Self.json(path) {
                return try file.bind(Graph(json: json))
            }
            let model = try WeightSource(path, checkpoint: checkpoint).file.model
            guard let model, let json = model.graph else {
                let notes = (model?.notes ?? []).joined(separator: "; ")
                throw Failure(
                    "\(path): has no graph\(notes.isEmpty ? "" : ": " + notes)")
            }
            try file.bind(Graph(json: json))
            if file.model?.source == nil { file.model?.source = model.source }
        }
    }

    /// The file as JSON of a graph; nil when it is something else.
    private static func json(_ path: String) throws -> JSON? {
        let region = try ByteRegion(mappingFile: path)
        // A graph of 4,096 nodes is far smaller.
        guard region.count <= 16 << 20, region.bytes.first == UInt8(ascii: "{") else { return nil }
        let json = try? JSON(parsing: String(decoding: region.bytes, as: UTF8.self))
        return json?["nodes"] == nil ? nil : json
    }
}
