// SPDX-License-Identifier: Apache-2.0

extension DataSpecification {
    /// Every form, for help texts.
    public static let forms =
        "digits, fashion-mnist, mnist:DIR, cifar10:DIR, idx:IMAGES,LABELS, npy:IMAGES,LABELS"
        + " or store:FILE#NAME, each with an optional /train, /test or /test[0:1000]"

    /// Reads a specification. No file is opened.
    ///
    /// The suffix is recognised only at the very end, so directories may hold slashes; a directory
    /// that is itself called `test` is written with a final slash, `mnist:/data/test/`.
    /// - Throws: ``InterchangeError`` of kind `specification`.
    public static func parse(_ text: String) throws(InterchangeError) -> DataSpecification {
        let (rest, selection) = try splitSelection(text)
        return DataSpecification(
            source: try source(rest, whole: text), selection: selection)
    }

    private static func refusal(_ text: String, _ problem: String) -> InterchangeError {
        InterchangeError(.specification, "data specification '\(text)'", problem)
    }

    private static func source(
        _ text: Substring, whole: String
    ) throws(InterchangeError) -> Source {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let argument = parts.count == 2 ? String(parts[1]) : nil
        switch (parts[0], argument) {
        case ("digits", nil): return .digits
        case ("fashion-mnist", nil): return .fashionMNIST
        case ("digits", _), ("fashion-mnist", _):
            throw refusal(whole, "'\(parts[0])' takes no files")
        case ("mnist", let directory?) where !directory.isEmpty:
            return .mnist(directory: directory)
        case ("cifar10", let directory?) where !directory.isEmpty:
            return .cifar10(directory: directory)
        case ("mnist", _), ("cifar10", _):
            throw refusal(whole, "expected a directory, \(parts[0]):DIR")
        case ("idx", let list): return .idx(try paths(list, whole: whole))
        case ("npy", let list): return .npy(try paths(list, whole: whole))
        case ("store", let argument):
            // A store's data sets have no '#' in their names; its path may.
            guard let argument, let hash = argument.lastIndex(of: "#"),
                hash > argument.startIndex, argument.index(after: hash) < argument.endIndex
            else { throw refusal(whole, "expected store:FILE#NAME") }
            return .store(
                file: String(argument[..<hash]),
                name: String(argument[argument.index(after: hash)...]))
        default: throw refusal(whole, "expected \(forms)")
        }
    }

    private static func paths(
        _ list: String?, whole: String
    ) throws(InterchangeError) -> [String] {
        let paths = (list ?? "").split(separator: ",", omittingEmptySubsequences: false)
            .map(String.init)
        guard paths.count == 2 || paths.count == 4, !paths.contains("") else {
            throw refusal(
                whole,
                "expected IMAGES,LABELS or IMAGES,LABELS,TEST-IMAGES,TEST-LABELS (paths without commas)"
            )
        }
        return paths
    }

    /// Splits `/train`, `/test` and `/test[a:b]` off the end.
    private static func splitSelection(
        _ text: String
    ) throws(InterchangeError) -> (Substring, Selection?) {
        for part in ImageDataSet.Part.allCases {
            if let rest = text.dropping(suffix: "/\(part)"), !rest.hasSuffix(":") {
                return (rest, Selection(part: part))
            }
        }
        guard text.hasSuffix("]"), let open = text.lastIndex(of: "[") else {
            return (text[...], nil)
        }
        for part in ImageDataSet.Part.allCases {
            guard let rest = String(text[..<open]).dropping(suffix: "/\(part)"),
                !rest.hasSuffix(":")
            else { continue }
            let inside = text[text.index(after: open)..<text.index(before: text.endIndex)]
            return (rest, try rows(inside, of: part, whole: text))
        }
        return (text[...], nil)
    }

    private static func rows(
        _ text: Substring, of part: ImageDataSet.Part, whole: String
    ) throws(InterchangeError) -> Selection {
        let wrong = refusal(
            whole, "found rows [\(text)], expected [FROM:TO] with FROM below TO, as in [0:1000]")
        let ends = text.split(separator: ":", omittingEmptySubsequences: false)
        guard ends.count == 2 else { throw wrong }
        var bounds: [Int?] = []
        for end in ends {
            if end.isEmpty {
                bounds.append(nil)
            } else {
                guard end.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let bound = Int(end)
                else { throw wrong }
                bounds.append(bound)
            }
        }
        guard bounds[1].map({ $0 > bounds[0] ?? 0 }) ?? true else { throw wrong }
        return Selection(part: part, lowerBound: bounds[0], upperBound: bounds[1])
    }
}

extension String {
    fileprivate func dropping(suffix: String) -> Substring? {
        hasSuffix(suffix) ? dropLast(suffix.count) : nil
    }
}
