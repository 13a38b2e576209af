// SPDX-License-Identifier: Apache-2.0

import Interchange
import Reporting
import Tensors

extension InspectionText {
    /// A picture where the elements are one, and a corner of the numbers.
    static func values(_ rows: TensorRows, role: ParameterRole?) throws -> [String] {
        var lines: [String] = []
        if let picture = try TensorPicture(rows, role: role) { lines.append(picture.text) }
        lines.append(try TensorCorner(rows).text)
        return lines
    }

    static func digestLines(_ entry: WeightEntry, _ measures: TensorMeasures) -> [String] {
        guard let digest = measures.digest ?? entry.digest else { return [] }
        guard let stated = entry.digest, stated != digest else { return ["digest    \(digest)"] }
        return [
            "digest    \(digest)", "          but the file says \(stated): the elements changed",
        ]
    }

    static func statisticsLines(_ measures: TensorMeasures) -> [String] {
        guard let statistics = measures.statistics else { return [] }
        var lines = ["stats     " + statistics.summary]
        if let channels = statistics.channels, channels.deadCount > 0 {
            let shown = channels.dead.prefix(16).map(String.init).joined(separator: ", ")
            lines.append("dead      channels \(shown)" + (channels.deadCount > 16 ? ", ..." : ""))
        }
        return lines
    }

    /// JSON indented, also where it is the text of a string; other text with its lines kept.
    static func pretty(_ value: JSON) -> String {
        guard let text = value.stringValue else { return lines(value.text(pretty: true)) }
        guard let json = try? JSON(parsing: text), json.arrayValue != nil || json.objectValue != nil
        else { return lines(text) }
        return lines(json.text(pretty: true))
    }

    private static func lines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { printable(String($0)) }.joined(separator: "\n")
    }
}

/// A tensor of which some rows can be had without the others.
struct TensorRows {
    let elementType: ElementType
    let shape: Shape
    private let load: (Range<Int>?) throws -> Tensor

    /// - Parameter load: gives those rows of the outermost axis, or everything.
    init(_ elementType: ElementType, _ shape: Shape, load: @escaping (Range<Int>?) throws -> Tensor)
    {
        self.elementType = elementType
        self.shape = shape
        self.load = load
    }

    init(_ tensor: Tensor) {
        self.init(tensor.elementType, tensor.shape) { range in
            try range.map { try tensor.rows($0) } ?? tensor
        }
    }

    /// The first rows, or all where there is no axis to cut along.
    func first(_ count: Int) throws -> Tensor {
        shape.rank == 0 ? try load(nil) : try load(0..<Swift.min(count, shape[0]))
    }
}

/// The first rows and columns of the innermost two axes, at the start of the outer ones.
struct TensorCorner {
    let text: String

    init(_ tensor: Tensor) throws {
        try self.init(TensorRows(tensor))
    }

    init(_ rows: TensorRows, rowLimit: Int = 6, columnLimit: Int = 8) throws {
        let dimensions = rows.shape.dimensions
        guard rows.shape.elementCount > 0 else {
            text = "no elements"
            return
        }
        let width = dimensions.last ?? 1
        let height = dimensions.count > 1 ? dimensions[dimensions.count - 2] : 1
        let shownRows = Swift.min(height, rowLimit)
        let shownColumns = Swift.min(width, columnLimit)
        // The corner of a matrix is in its first rows, of a vector in its first elements.
        let outermost = dimensions.count == 1 ? columnLimit : dimensions.count == 2 ? rowLimit : 1
        let tensor = try rows.first(outermost)
        let cells = (0..<shownRows).map { row in
            Self.cells(tensor, row * width..<(row * width + shownColumns))
        }
        let cellWidth = cells.joined().map(\.count).max() ?? 1
        let lines = cells.map { row in
            row.map { String(repeating: " ", count: cellWidth - $0.count) + $0 }
                .joined(separator: " ") + (width > columnLimit ? " ..." : "")
        }
        let prefix =
            dimensions.count > 2
            ? "[\(dimensions.dropLast(2).map { _ in "0" }.joined(separator: ", "))]\n" : ""
        text = prefix + lines.joined(separator: "\n") + (height > rowLimit ? "\n..." : "")
    }

    private static func cells(_ tensor: Tensor, _ range: Range<Int>) -> [String] {
        if let part = try? tensor.reshaped(to: [tensor.shape.elementCount]).rows(range),
            let integers = try? part.integers()
        {
            return integers.map(String.init)
        }
        return tensor.numbers(range).map { number in
            number.isNaN ? "NaN" : NumberText.short(number)
        }
    }
}
