// SPDX-License-Identifier: Apache-2.0

/// What breaks the rules of a file's format: in one object or, with an empty name, in the whole.
///
/// Readers that list everything wrong in a file collect these; opening throws the first.
struct FormatFault: Error, Hashable {
    let kind: InterchangeError.Kind
    let object: String
    let problem: String

    init(_ kind: InterchangeError.Kind, _ object: String, _ problem: String) {
        self.kind = kind
        self.object = object
        self.problem = problem
    }

    /// Of the file as a whole.
    init(_ problem: String) {
        self.init(.malformed, "", problem)
    }

    var fileProblem: FileProblem { FileProblem(object: object, problem: problem) }

    /// The fault as an error of the file at `path`, whose objects are called `noun`.
    func error(_ path: String, _ noun: String) -> InterchangeError {
        InterchangeError(kind, path, object.isEmpty ? problem : "\(noun) '\(object)': \(problem)")
    }
}

/// Faults in the order they were found. Beyond a hundred, more would help nobody.
struct FormatFaults {
    private(set) var list: [FormatFault] = []

    mutating func note(_ fault: FormatFault) {
        if list.count < 100 { list.append(fault) }
    }

    mutating func note(
        _ object: String, _ problem: String, kind: InterchangeError.Kind = .malformed
    ) {
        note(FormatFault(kind, object, problem))
    }
}
