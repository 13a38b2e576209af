// SPDX-License-Identifier: Apache-2.0

/// The text by which users name a data set: `digits`, `mnist:DIR/test[0:1000]`, ...
///
/// ``description`` gives back the canonical text; it is what metadata records as data reference.
public struct DataSpecification: Hashable, Sendable {
    /// Where the images come from.
    public enum Source: Hashable, Sendable {
        /// Generated: see ``DigitSet``.
        case digits
        /// Debian's package dataset-fashion-mnist.
        case fashionMNIST
        case mnist(directory: String)
        case cifar10(directory: String)
        /// Images and labels; or those to train on, then those to test on.
        case idx([String])
        case npy([String])
        /// A data set in a store; resolved by whoever knows stores, with
        /// ``DataSpecification/select(from:)``.
        case store(file: String, name: String)
    }

    /// Rows of one part, `/test[0:1000]`; an open end reaches to the first or last row.
    public struct Selection: Hashable, Sendable {
        public let part: ImageDataSet.Part
        public let lowerBound: Int?
        public let upperBound: Int?

        public init(part: ImageDataSet.Part, lowerBound: Int? = nil, upperBound: Int? = nil) {
            self.part = part
            self.lowerBound = lowerBound
            self.upperBound = upperBound
        }
    }

    public let source: Source
    public let selection: Selection?

    public init(source: Source, selection: Selection? = nil) {
        self.source = source
        self.selection = selection
    }
}

extension DataSpecification: CustomStringConvertible {
    public var description: String { source.description + (selection?.description ?? "") }
}

extension DataSpecification.Source: CustomStringConvertible {
    public var description: String {
        switch self {
        case .digits: "digits"
        case .fashionMNIST: "fashion-mnist"
        case .mnist(let directory): "mnist:" + directory
        case .cifar10(let directory): "cifar10:" + directory
        case .idx(let paths): "idx:" + paths.joined(separator: ",")
        case .npy(let paths): "npy:" + paths.joined(separator: ",")
        case .store(let file, let name): "store:\(file)#\(name)"
        }
    }
}

extension DataSpecification.Selection: CustomStringConvertible {
    public var description: String {
        guard lowerBound != nil || upperBound != nil else { return "/\(part)" }
        let bounds = [lowerBound, upperBound].map { $0.map(String.init) ?? "" }
        return "/\(part)[\(bounds[0]):\(bounds[1])]"
    }
}
