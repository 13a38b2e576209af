// SPDX-License-Identifier: Apache-2.0

import HDF5
import Interchange
import Tensors

extension TreeInspection {
    /// Every dataset below the object, the same one under several names once.
    var tensors: [InspectedTensor] {
        lines.compactMap { line in
            guard case .dataset(let dataset) = line.content else { return nil }
            return tensor(dataset)
        }
    }

    func tensor(_ dataset: HDF5Dataset) -> InspectedTensor {
        let name = String(dataset.path.drop { $0 == "/" })
        var entry = dataset.weightEntry(named: name, in: path)
        entry.digest = digests[dataset.path]
        // Only checkpoints hold parameters, in PyTorch's order; rows of a set are no channels.
        let isKernel =
            store != nil && name.contains("/tensors/") && dataset.shape.rank > 1
            && dataset.elementType?.isFloatingPoint == true
        return InspectedTensor(
            name: name, entry: entry, storage: dataset.layout.description,
            filters: dataset.filters.map(\.description), channelAxes: isKernel ? 0..<1 : nil)
    }
}

extension HDF5Dataset {
    func weightEntry(named name: String, in file: String) -> WeightEntry {
        guard let converted = datatype.tensorType ?? elementType else {
            return WeightEntry(
                unread: name, typeName: datatype.description, shape: shape,
                byteCount: logicalByteCount, reason: "elements of type \(datatype) are no numbers",
                subject: file)
        }
        let type = elementType == nil ? converted : statedElementType
        return WeightEntry(
            name: name, elementType: type, shape: shape, storedByteCount: storedByteCount
        ) { () throws(InterchangeError) in
            do {
                return try tensor().reinterpreted(as: type)
            } catch let error as HDF5Error {
                throw InterchangeError(
                    error.kind == .unsupported ? .unsupported : .malformed, file,
                    "\(error.object): \(error.reason)")
            } catch {
                throw InterchangeError(.malformed, file, "\(path): \(error)")
            }
        }
    }

    /// The element type: as a store's attribute says it, else as the file does.
    private var statedElementType: ElementType {
        if let name = try? attribute("tensor_dtype")?.string(),
            let stated = ElementType(rawValue: name), stated.byteCount == datatype.byteCount
        {
            return stated
        }
        // Asked for where there is one only.
        return elementType ?? .u8
    }

    /// Elements, those of array types included.
    var logicalByteCount: Int {
        let (bytes, overflow) = shape.elementCount.multipliedReportingOverflow(
            by: datatype.byteCount)
        return overflow ? Int.max : bytes
    }
}
