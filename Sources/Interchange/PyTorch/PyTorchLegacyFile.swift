// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What `torch.save` wrote before PyTorch 1.6: five pickles in a row, then the storages
/// (`torch/serialization.py`, `_legacy_save`). Other pickles are recognised, so that they can be
/// refused by what they are.
enum PyTorchLegacyFile: WeightCodec {
    /// 0x1950A86A20F9469CFC6C, pickled.
    private static let magic: [UInt8] = [
        0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
    ]
    /// A pickle of protocol 0 or 1 has no mark and is tried only up to this size.
    private static let triedByteCount = 1 << 20

    static func isPickle(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if bytes.starts(with: magic) { return true }
        guard bytes.count > 3 else { return false }
        if bytes[0] == PickleOpcode.proto.rawValue, (2...5).contains(bytes[1]),
            PickleOpcode(rawValue: bytes[2]) != nil
        {
            // A safetensors header of this length has zeros and a brace here.
            return !(bytes.count > 8 && bytes[8] == UInt8(ascii: "{") && bytes[6] | bytes[7] == 0)
        }
        guard bytes.count <= triedByteCount, [0x28, 0x5D, 0x63, 0x7D].contains(bytes[0]),
            bytes[bytes.count - 1] == PickleOpcode.stop.rawValue
        else { return false }
        var machine = PickleMachine(ByteRegion(copying: bytes), path: "", object: "")
        return (try? machine.run())?.end == bytes.count
    }

    static func open(_ region: ByteRegion, path: String) throws(InterchangeError) -> WeightFile {
        let file = try TorchLegacyArchive(region, path: path)
        let contents = try TorchContents(file.pickle, path: path, object: "the pickle")
        var result = WeightFile(
            path: path, format: .pytorchLegacy, byteCount: region.count,
            entries: try file.entries(contents), metadata: contents.metadata,
            remarks: TorchRemarks.all(file.pickle, contents))
        result.metadataByteCount = file.storagesStart
        return result
    }

    static func problems(_ region: ByteRegion, path: String, full: Bool) -> [FileProblem] {
        do throws(InterchangeError) {
            let file = try TorchLegacyArchive(region, path: path)
            let contents = try TorchContents(file.pickle, path: path, object: "the pickle")
            var problems = file.pickle.problems(object: "the pickle") + file.problems(contents)
            if file.end < region.count {
                problems.append(
                    FileProblem(
                        object: "",
                        problem: "found \(region.count - file.end) bytes after the storages,"
                            + " expected none"))
            }
            return problems
        } catch {
            return [FileProblem(object: "", problem: error.problem)]
        }
    }

    static func hasMagic(_ region: ByteRegion) -> Bool { region.bytes.starts(with: magic) }
}
