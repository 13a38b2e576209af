// SPDX-License-Identifier: Apache-2.0

import Crypto
import Dispatch

/// A SHA-256 value: what ties tensors, checkpoints, caches and sets together.
public struct Digest: Hashable, Sendable {
    public static let byteCount = 32
    public let bytes: [UInt8]

    /// - Throws: ``TensorError`` unless there are exactly 32 bytes.
    public init(bytes: [UInt8]) throws(TensorError) {
        guard bytes.count == Self.byteCount else {
            throw TensorError("a SHA-256 digest has 32 bytes, found \(bytes.count)")
        }
        self.bytes = bytes
    }

    /// - Throws: ``TensorError`` unless the text is 64 hexadecimal digits.
    public init(hexadecimal text: String) throws(TensorError) {
        let digits = text.utf8.map { character -> UInt8? in
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
            default: nil
            }
        }
        guard digits.count == 64, !digits.contains(nil) else {
            throw TensorError(
                "'\(text)' is not a digest: expected 64 lower-case hexadecimal digits")
        }
        let values = digits.compactMap { $0 }
        bytes = stride(from: 0, to: 64, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }

    /// SHA-256 of the bytes themselves.
    public init(hashing bytes: UnsafeRawBufferPointer) {
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        self.init(hash.finalize())
    }

    public init(hashing bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { Digest(hashing: $0) }
    }

    init(_ digest: SHA256.Digest) {
        bytes = Array(digest)
    }

    /// The 64 hexadecimal digits.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The first twelve digits: enough for people, never for checks.
    public var short: String { String(hexadecimal.prefix(12)) }
}

extension Digest: CustomStringConvertible {
    public var description: String { hexadecimal }
}

extension Tensor {
    /// Bytes of a leaf of the digest tree.
    public static let digestLeafByteCount = 1 << 20

    /// The tensor's content digest: element type, shape and canonical bytes, nothing else.
    ///
    /// SHA-256 over a header and a body. The header is the ASCII text `retort-tensor-1`, a zero
    /// byte, the element type's name, a zero byte, the tree flag (0 or 1), the rank as one byte
    /// and each dimension as 8 bytes, little-endian. The body is the tensor's bytes (flag 0) or,
    /// above 1 MiB (flag 1), the SHA-256 of each 1 MiB leaf in order, the last leaf shorter.
    /// Leaves are hashed in parallel. Specified in `docs/store-format.md`.
    public func digest() -> Digest {
        withUnsafeBytes { bytes in
            let leafSize = Self.digestLeafByteCount
            let isTree = bytes.count > leafSize
            var content = Array("retort-tensor-1\0\(elementType.rawValue)\0".utf8)
            content.append(isTree ? 1 : 0)
            content.append(UInt8(shape.rank))
            for dimension in shape.dimensions {
                Swift.withUnsafeBytes(of: UInt64(dimension).littleEndian) {
                    content.append(contentsOf: $0)
                }
            }
            if isTree {
                content += Digest.leaves(of: bytes, leafSize: leafSize)
                return Digest(hashing: content)
            }
            var hash = SHA256()
            content.withUnsafeBytes { hash.update(bufferPointer: $0) }
            hash.update(bufferPointer: bytes)
            return Digest(hash.finalize())
        }
    }
}

extension Digest {
    /// The 32-byte digests of consecutive leaves, concatenated.
    fileprivate static func leaves(of bytes: UnsafeRawBufferPointer, leafSize: Int) -> [UInt8] {
        let leafCount = (bytes.count + leafSize - 1) / leafSize
        return [UInt8](unsafeUninitializedCapacity: leafCount * byteCount) { buffer, initialized in
            // Each iteration writes its own 32 bytes, so the buffer needs no lock.
            nonisolated(unsafe) let output = buffer
            nonisolated(unsafe) let input = bytes
            DispatchQueue.concurrentPerform(iterations: leafCount) { leaf in
                let start = leaf * leafSize
                let end = Swift.min(start + leafSize, input.count)
                let digest = Digest(hashing: UnsafeRawBufferPointer(rebasing: input[start..<end]))
                for (index, byte) in digest.bytes.enumerated() {
                    output.initializeElement(at: leaf * byteCount + index, to: byte)
                }
            }
            initialized = leafCount * byteCount
        }
    }
}
