// SPDX-License-Identifier: Apache-2.0

internal import HDF5
public import Tensors

/// What a manifest says of one array: all that is needed to list it, compare it and find out
/// whether its bytes are still what they were.
public struct ManifestEntry: Hashable, Sendable {
    /// The array's path below its group: `conv1/weight`.
    public let name: String
    public let elementType: ElementType
    public let shape: Shape
    public let digest: Digest

    public init(name: String, elementType: ElementType, shape: Shape, digest: Digest) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.digest = digest
    }

    /// Bytes of the array in canonical form. The shape was checked when the entry was made.
    public var byteCount: Int { shape.elementCount * elementType.byteCount }
}

/// Whether `left` comes first when names are ordered by their bytes, as digests order them.
/// (`String` compares by canonical equivalence, which another language would not.)
func precedesInBytes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
}

/// Why `name` cannot name an array, or nil.
///
/// HDF5 gives `.` and empty components a meaning of their own, and lines of a digest's text end
/// at a newline.
func problem(withTensorName name: String) -> String? {
    let limit = StoreFormat.maximumTensorNameByteCount
    guard name.utf8.count <= limit else { return "its name is longer than \(limit) bytes" }
    guard name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
        return "its name contains control characters"
    }
    for component in name.split(separator: "/", omittingEmptySubsequences: false) {
        guard !component.isEmpty else { return "its name has an empty component" }
        guard component != ".", component != ".." else {
            return "its name has the component '\(component)'"
        }
    }
    return nil
}

/// The first name that is also a folder of another one (`a` beside `a/b`), or that occurs twice.
/// Names that differ only in how Unicode spells a letter count as one, as they do in dictionaries.
func conflictingTensorName(in names: [String]) -> String? {
    var taken: Set<String> = []
    for name in names where !taken.insert(name).inserted { return name }
    for name in names {
        var folder = ""
        for component in name.split(separator: "/").dropLast() {
            folder += folder.isEmpty ? component : "/" + component
            if taken.contains(folder) { return folder }
        }
    }
    return nil
}
