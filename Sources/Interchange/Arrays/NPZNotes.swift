// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What NumPy's archive has no place for: types that NumPy has no name for, and metadata.
///
/// They are JSON in an array of bytes, `__retort__.npy`, that NumPy reads like any other:
/// `{"dtypes": {"NAME": "BF16"}, "metadata": {...}}`. Elements of a type in `dtypes` are stored as
/// unsigned integers of their width.
struct NPZNotes {
    static let name = "__retort__"
    private static let longest = 64 << 20

    var types: [String: ElementType] = [:]
    var metadata: [String: JSON] = [:]

    var isEmpty: Bool { types.isEmpty && metadata.isEmpty }

    /// The type that stands in for one that NumPy lacks; nil when NumPy has it.
    static func carrier(of type: ElementType) -> ElementType? {
        switch type {
        case .bf16: .u16
        case .f8e4m3, .f8e5m2: .u8
        default: nil
        }
    }

    init() {}

    /// The notes of what is to be written.
    init(_ content: WeightContent) {
        metadata = content.metadata
        for entry in content.entries {
            guard let type = entry.elementType, Self.carrier(of: type) != nil else { continue }
            types[entry.name] = type
        }
    }

    init(_ tensor: Tensor) throws(FormatFault) {
        func fault(_ problem: String) -> FormatFault {
            FormatFault(.malformed, Self.name, problem)
        }
        guard tensor.elementType == .u8, tensor.shape.rank == 1, tensor.byteCount <= Self.longest
        else { throw fault("found \(tensor), expected a short list of bytes") }
        let parsed = tensor.withUnsafeBytes { bytes in
            Result { () throws(JSONError) in try JSON(parsing: bytes) }
        }
        let json: JSON
        do throws(JSONError) {
            json = try parsed.get()
        } catch {
            throw fault(error.description)
        }
        guard let members = json.objectValue,
            Set(members.keys).isSubset(of: ["dtypes", "metadata"])
        else { throw fault("expected a JSON object of dtypes and metadata") }
        guard let types = (members["dtypes"] ?? [:]).objectValue,
            let metadata = (members["metadata"] ?? [:]).objectValue
        else { throw fault("expected objects under dtypes and metadata") }
        self.metadata = metadata
        for (name, value) in types {
            guard let type = ElementType(rawValue: value.stringValue ?? ""),
                Self.carrier(of: type) != nil
            else {
                throw fault(
                    "found the type \(value) of '\(name)', expected BF16, F8_E4M3 or F8_E5M2")
            }
            self.types[name] = type
        }
    }

    /// The JSON, without keys that have nothing to say.
    var text: [UInt8] {
        var members: [String: JSON] = [:]
        if !types.isEmpty { members["dtypes"] = .object(types.mapValues { .string($0.rawValue) }) }
        if !metadata.isEmpty { members["metadata"] = .object(metadata) }
        return Array(JSON.object(members).text().utf8)
    }
}
