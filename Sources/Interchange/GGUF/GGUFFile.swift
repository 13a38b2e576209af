// SPDX-License-Identifier: Apache-2.0

import Tensors

/// GGUF, versions 2 and 3: the single-file models of llama.cpp.
///
/// <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. Numbers are views of the mapped
/// file; quantised tensors are listed with their block format and not read.
enum GGUFFile: WeightCodec {
    static func open(_ region: ByteRegion, path: String) throws(InterchangeError) -> WeightFile {
        let header = try GGUFHeader(region, path: path)
        if let problem = header.layoutProblems().first {
            throw InterchangeError(.malformed, path, problem.description)
        }
        var metadata = header.metadata
        metadata["gguf"] = [
            "version": .integer(header.version), "alignment": .integer(header.alignment),
        ]
        var remarks: [String] = []
        let quantised = Set(header.tensors.map(\.type).filter { $0.elementType == nil }.map(\.name))
        if !quantised.isEmpty {
            remarks.append(
                "quantised tensors are listed and not read: "
                    + quantised.sorted().joined(separator: ", "))
        }
        return WeightFile(
            path: path, format: .gguf, byteCount: region.count,
            entries: header.tensors.map { entry($0, of: header, in: region, path: path) },
            metadata: metadata, remarks: remarks,
            metadataByteCount: min(header.dataStart, region.count))
    }

    static func problems(_ region: ByteRegion, path: String, full: Bool) -> [FileProblem] {
        do throws(InterchangeError) {
            let header = try GGUFHeader(region, path: path)
            return header.layoutProblems() + header.conventionProblems()
        } catch {
            return [FileProblem(object: "", problem: error.problem)]
        }
    }

    /// The tensor must lie in the file, which ``GGUFHeader/layoutProblems()`` tells.
    private static func entry(
        _ tensor: GGUFTensor, of header: GGUFHeader, in region: ByteRegion, path: String
    ) -> WeightEntry {
        guard let elementType = tensor.type.elementType else {
            return WeightEntry(
                unread: tensor.name, typeName: tensor.type.name, shape: tensor.shape,
                byteCount: tensor.byteCount,
                reason:
                    "elements of the quantised type \(tensor.type.name) are listed and not read",
                subject: path)
        }
        let start = header.dataStart + tensor.offset
        let shape = tensor.shape
        return WeightEntry(name: tensor.name, elementType: elementType, shape: shape) {
            () throws(InterchangeError) in
            do throws(TensorError) {
                return try Tensor(elementType, shape: shape, viewing: region, at: start)
            } catch {
                throw InterchangeError(.malformed, path, error)
            }
        }
    }
}
