// SPDX-License-Identifier: Apache-2.0

import Tensors

extension NPZFile {
    /// Stored members whose data begin at multiples of 64 bytes, so that they can be mapped.
    static func write(_ content: WeightContent, to path: String) throws(InterchangeError) {
        let notes = NPZNotes(content)
        for entry in content.entries where entry.name == NPZNotes.name {
            throw InterchangeError(
                .unsupported, path,
                "an array of an NPZ archive cannot be named '\(entry.name)',"
                    + " which Retort keeps metadata under")
        }
        try ZipWriter.write(to: path) { (archive) throws(InterchangeError) in
            for entry in content.entries {
                let tensor = try entry.tensor()
                let type = tensor.elementType
                try add(
                    tensor, as: NPZNotes.carrier(of: type) ?? type, entry.name, to: &archive,
                    path: path)
            }
            guard !notes.isEmpty else { return }
            let text = notes.text
            let tensor = Tensor(trusted: .u8, shape: [text.count], values: text)
            try add(tensor, as: .u8, NPZNotes.name, to: &archive, path: path)
        }
    }

    private static func add(
        _ tensor: Tensor, as type: ElementType, _ name: String, to archive: inout ZipWriter,
        path: String
    ) throws(InterchangeError) {
        let header = try NPY.header(of: type, tensor.shape, path: path)
        let result = header.withUnsafeBytes { head in
            tensor.withUnsafeBytes { data in
                Result { () throws(InterchangeError) in
                    try archive.add(name + ".npy", alignment: 64, [head, data])
                }
            }
        }
        try result.get()
    }
}
