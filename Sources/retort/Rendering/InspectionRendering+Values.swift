// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors
import Reporting

extension InspectionRendering {
    /// One dataset: type, storage, attributes, and what its values look like.
    func details(_ dataset: HDF5Dataset) throws -> String {
        var lines = [
            "\(inspection.path): \(printable(dataset.path))",
            "type      \(dataset.elementName) (\(dataset.datatype))",
            "shape     \(dataset.shape)",
            "bytes     \(NumberText.count(dataset.logicalByteCount)), \(NumberText.count(dataset.storedByteCount)) stored",
            "layout    \(dataset.layout)"
                + (dataset.filters.isEmpty
                    ? "" : ", " + dataset.filters.map(\.description).joined(separator: ", ")),
        ]
        if let digest = inspection.digests[dataset.path] { lines.append("digest    \(digest)") }
        lines += attributes(of: .dataset(dataset))
        lines.append(try values(of: dataset))
        return lines.joined(separator: "\n")
    }

    func attributes(of object: HDF5Object) -> [String] {
        let attributes: [HDF5Attribute] =
            switch object {
            case .group(let group): group.attributes
            case .dataset(let dataset): dataset.attributes
            case .datatype(let type): type.attributes
            case .link: []
            }
        return attributes.map { "@\(printable($0.name)) = \(Self.text($0))" }
    }

    private static func text(_ attribute: HDF5Attribute) -> String {
        if let texts = try? attribute.strings() {
            return clipped(texts.map { "\"\(printable($0))\"" }.joined(separator: ", "))
        }
        if let tensor = try? attribute.tensor(), let values = try? corner(tensor) { return values }
        return "\(attribute.datatype) \(attribute.shape)"
    }

    private func values(of dataset: HDF5Dataset) throws -> String {
        if let texts = try? dataset.strings() {
            if texts.count == 1, let json = try? JSON(parsing: texts[0]) {
                return json.text(pretty: true)
            }
            return texts.prefix(20).map { "\"\(printable($0))\"" }.joined(separator: "\n")
                + (texts.count > 20 ? "\n... \(texts.count - 20) more" : "")
        }
        guard dataset.elementType != nil else {
            return "values of type \(dataset.datatype) are not shown"
        }
        let tensor = try dataset.tensor()
        var lines: [String] = []
        if withStatistics, let statistics = TensorStatistics(tensor) {
            lines.append(statistics.description)
        }
        lines.append(try Self.corner(tensor))
        return lines.joined(separator: "\n")
    }

    /// The first rows and columns of the innermost two axes, at the start of the outer ones.
    private static func corner(_ tensor: Tensor, rows: Int = 6, columns: Int = 8) throws -> String {
        guard tensor.elementType.isNumeric else { return "\(tensor.elementType) bytes, not shown" }
        let dimensions = tensor.shape.dimensions
        guard tensor.shape.elementCount > 0 else { return "no elements" }
        let width = dimensions.last ?? 1
        let height = dimensions.count > 1 ? dimensions[dimensions.count - 2] : 1
        let shownRows = min(height, rows)
        let needed = (shownRows - 1) * width + min(width, columns)
        let flat = try tensor.reshaped(to: [tensor.shape.elementCount]).rows(0..<needed)
        let isInteger = !tensor.elementType.isFloatingPoint
        let values = try flat.floats()
        let cells = (0..<shownRows).map { row in
            (0..<min(width, columns)).map { column in
                let value = values[row * width + column]
                return isInteger ? "\(Int(value))" : NumberText.short(Double(value))
            }
        }
        let cellWidth = cells.joined().map(\.count).max() ?? 1
        let lines = cells.map { row in
            row.map { String(repeating: " ", count: cellWidth - $0.count) + $0 }
                .joined(separator: " ") + (width > columns ? " ..." : "")
        }
        let prefix =
            dimensions.count > 2
            ? "[\(dimensions.dropLast(2).map { _ in "0" }.joined(separator: ", "))]\n" : ""
        return prefix + lines.joined(separator: "\n") + (height > rows ? "\n..." : "")
    }

    private static func clipped(_ text: String) -> String {
        text.count > 200 ? text.prefix(200) + "... (\(text.count) characters)" : text
    }
}

/// Names come from files: control characters are shown, never sent to a terminal.
func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
        return text
    }
    return text.unicodeScalars.map { scalar in
        scalar.properties.generalCategory == .control
            ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }.joined()
}
