// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Which names a member may have. Retort never unpacks an archive into a folder, but other
/// programs do, and the names that trick them are a sign of an attack.
enum ZipName {
    /// What is wrong with a name; nil when nothing is.
    static func problem(_ name: UnsafeRawBufferPointer) -> String? {
        if name.isEmpty { return "has an empty name" }
        var isASCII = true
        for byte in name {
            if byte < 0x20 || byte == 0x7F { return "has a control character in its name" }
            if byte == UInt8(ascii: "\\") { return "has a backslash in its name" }
            if byte >= 0x80 { isASCII = false }
        }
        if name[0] == UInt8(ascii: "/") { return "has an absolute path as its name" }
        if name.count >= 3, name[1] == UInt8(ascii: ":"), name[2] == UInt8(ascii: "/") {
            return "has a drive letter in its name"
        }
        let dot = UInt8(ascii: ".")
        for component in name.split(separator: UInt8(ascii: "/")) {
            if component.count <= 2, component.allSatisfy({ $0 == dot }) {
                return "has a path that leaves its folder as its name"
            }
        }
        if !isASCII, String(validating: name, as: UTF8.self) == nil {
            return "has a name that is not UTF-8"
        }
        return nil
    }

    static func problem(_ name: String) -> String? {
        Array(name.utf8).withUnsafeBytes { problem($0) }
    }

    /// The text by which two names are the same to a reader that ignores case, as PyTorch's is.
    ///
    /// NumPy's reader minds case, and `W` beside `w` is common in its archives.
    static func folded(_ name: String) -> String {
        name.hasSuffix(".npy") ? name : name.lowercased()
    }
}
