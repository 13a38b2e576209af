// SPDX-License-Identifier: Apache-2.0

@testable import HDF5
import Tensors
import Testing

/// A change to a file, made by one or more commits, that a crash may cut short anywhere.
struct Workload: CustomTestStringConvertible, Sendable {
    typealias Step = @Sendable (HDF5Writer) throws -> Void

    let testDescription: String
    /// What the file holds before, or nil for a file that does not exist yet.
    let before: Step?
    /// What the file holds whose place a new one takes, or nil where there is none.
    let replaces: Step?
    /// The commits.
    let steps: [Step]

    init(
        _ description: String, before: Step? = { try Workload.twoCheckpoints($0) },
        replaces: Step? = nil, _ steps: [Step]
    ) {
        testDescription = description
        self.before = before
        self.replaces = replaces
        self.steps = steps
    }

    /// The state the workload starts from.
    func base() throws -> FileState {
        guard let before else { return FileState() }
        return try Self.written(before)
    }

    private static func written(_ before: Step) throws -> FileState {
        let file = RecordedFile()
        let writer = try HDF5Writer.create(path: "base.h5", operations: file)
        try before(writer)
        try writer.commit()
        writer.close()
        return file.state
    }

    func open(_ file: RecordedFile) throws -> HDF5Writer {
        before == nil
            ? try HDF5Writer.create(path: "new.h5", operations: file)
            : try HDF5Writer.open(path: "base.h5", operations: file)
    }

    /// Runs all steps on a healthy file; leaves uncommitted work behind, as a killed writer does.
    func record() throws -> Recording {
        let base = try base()
        let file = RecordedFile(base)
        let writer = try open(file)
        var commits: [Recording.Commit] = []
        for step in steps {
            try step(writer)
            try writer.commit()
            commits.append(
                Recording.Commit(end: file.log.count, content: try contents(of: file.state)))
        }
        try writer.write(patterned(.f32, [700]), at: "never/committed")
        try writer.setAttribute(.string("never"), named: "committed", at: "/")
        let log = file.log
        writer.close()
        let found = try base.isNamed ? base : replaces.map { try Self.written($0) }
        return Recording(
            base: base, baseContent: try found.map { try contents(of: $0) },
            isReplacement: replaces != nil, log: log, commits: commits)
    }
}

/// What a workload did, call by call.
struct Recording {
    struct Commit {
        /// Operations in the log when the commit was acknowledged.
        let end: Int
        let content: [String: String]
    }

    let base: FileState
    /// Nil when there was no file.
    let baseContent: [String: String]?
    /// The new file takes the place of another one, which is not touched until then.
    var isReplacement = false
    var log: [RecordedFile.Operation]
    var commits: [Commit]

    /// Content after `count` commits.
    func content(after count: Int) -> [String: String]? {
        count == 0 ? baseContent : commits[count - 1].content
    }

    /// Commits acknowledged when the log is `position` operations long.
    func acknowledged(at position: Int) -> Int {
        commits.count { $0.end <= position }
    }
}

/// The content of a file as our reader sees it: each path with its values and attributes.
func contents(of state: FileState) throws -> [String: String] {
    try contents(
        of: HDF5File(reading: RecordedFile(state), name: "crashed.h5", patience: .zero))
}

func contents(of file: HDF5File) throws -> [String: String] {
    var found: [String: String] = [:]
    var groups = [file.root]
    found["/"] = try describe(file.root.attributes)
    while let group = groups.popLast() {
        for (_, object) in group.members {
            switch object {
            case .group(let group):
                found[group.path] = try "group " + describe(group.attributes)
                groups.append(group)
            case .dataset(let dataset):
                let attributes = try describe(dataset.attributes)
                let values =
                    switch dataset.datatype {
                    case .fixedString: try dataset.strings().joined(separator: "|")
                    case .compound: try dataset.records().strings("name").joined(separator: "|")
                    default: try fingerprint(dataset.tensor())
                    }
                found[dataset.path] = "\(dataset.datatype) \(dataset.shape) \(values) \(attributes)"
            case .datatype, .link, .unread: found["unexpected"] = "\(object)"
            }
        }
    }
    return found
}

/// FNV-1a of a tensor's bytes: enough to tell a few states apart, and fast.
private func fingerprint(_ tensor: Tensor) -> String {
    tensor.withUnsafeBytes { bytes in
        String(
            bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
    }
}

private func describe(_ attributes: [HDF5Attribute]) throws -> String {
    try attributes.sorted { $0.name < $1.name }.map { attribute in
        if case .fixedString = attribute.datatype {
            return try "\(attribute.name)=\(attribute.strings())"
        }
        return try "\(attribute.name)=\(fingerprint(attribute.tensor()))"
    }.joined(separator: ";")
}
