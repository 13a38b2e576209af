// SPDX-License-Identifier: Apache-2.0

@testable import HDF5

/// Judges the states that a crash can leave, by what a reader and the next writer make of them.
struct CrashModel {
    var recording: Recording
    /// What a reader finds in a file.
    var contents: (FileState) throws -> [String: String] = HDF5Tests.contents(of:)
    /// What the next writer does to a file before it uses it.
    var recover: (FileState) throws -> FileState = CrashModel.openForWriting

    private static let magic = Array("RETORTJ1".utf8)

    /// Opens the file as a writer does and lets go of it.
    static func openForWriting(_ state: FileState) throws -> FileState {
        let file = RecordedFile(state)
        try HDF5Writer.open(path: "crashed.h5", operations: file).close()
        return file.state
    }

    /// What is wrong with a state, or nil. It must hold what `least` commits made, or what one
    /// commit more would have.
    func problem(_ state: FileState, least: Int) -> String? {
        let most = min(least + 1, recording.commits.count)
        guard state.isNamed else {
            if recording.isReplacement, least == 0 { return nil }
            return recording.content(after: least) == nil ? nil : "the file is gone"
        }
        do {
            let allowed = (least...most).compactMap { recording.content(after: $0) }
            let seen = try contents(state)
            guard allowed.contains(seen) else { return "a reader sees neither state" }
            // A file without a journal is opened as it is; a few of those are enough.
            let isHot = state.bytes.suffix(Journal.footerByteCount).starts(with: Self.magic)
            if isHot || state.bytes.count % 8 == 0 {
                guard try contents(recover(state)) == seen else {
                    return "the next writer sees another state than a reader"
                }
            }
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// After a kill: every prefix of the log, the last write torn at several places.
    func problemsAfterKill() -> (states: Int, problems: [String]) {
        var problems: [String] = []
        var count = 0
        var state = recording.base
        for (position, operation) in recording.log.enumerated() {
            let least = recording.acknowledged(at: position)
            for torn in operation.tornForms {
                var crashed = state
                crashed.apply(torn)
                count += 1
                if let problem = problem(crashed, least: least) {
                    problems.append("after \(position) operations and a torn one: \(problem)")
                }
            }
            state.apply(operation)
            count += 1
            if let problem = problem(state, least: recording.acknowledged(at: position + 1)) {
                problems.append("after \(position + 1) operations: \(problem)")
            }
        }
        return (count, problems)
    }

    /// After a loss of power: what was synced is there; of what came later any part may be, in any
    /// order, by sectors of 512 bytes. Of few pending calls all combinations are tried as well.
    func problemsAfterPowerLoss(samples: Int) -> (states: Int, problems: [String]) {
        var problems: [String] = []
        var count = 0
        var durable = recording.base
        var start = 0
        var chance = Chance(state: 7)
        while start < recording.log.count {
            // Naming a file is durable by itself, but says nothing about the file's bytes.
            let end =
                recording.log[start] == .publish
                ? start : recording.log[start...].firstIndex(of: .sync) ?? recording.log.count
            let pending = Array(recording.log[start..<end])
            // A commit that was acknowledged before the next sync returned must survive as well.
            let least = recording.acknowledged(at: end)
            let subsets =
                pending.count <= CrashEffort.mostEnumerated ? 1 << pending.count : 0
            for sample in 0..<(pending.isEmpty ? 1 : subsets + samples) {
                var crashed = durable
                for (index, operation) in pending.enumerated() {
                    if sample < subsets {
                        if sample >> index & 1 == 1 { crashed.apply(operation) }
                    } else if let part = operation.part(&chance) {
                        crashed.apply(part)
                    }
                }
                count += 1
                if let problem = problem(crashed, least: least) {
                    problems.append("power lost between \(start) and \(end): \(problem)")
                }
            }
            for operation in pending { durable.apply(operation) }
            if end < recording.log.count { durable.apply(recording.log[end]) }
            start = end + 1
        }
        return (count, problems)
    }
}

extension RecordedFile.Operation {
    /// The forms a write that was under way can have: 0, 1, 512, half and all but one byte.
    fileprivate var tornForms: [Self] {
        guard case .write(let offset, let bytes) = self else { return [] }
        return Set([0, 1, 512, bytes.count / 2, bytes.count - 1]).filter { $0 < bytes.count }
            .sorted().map { .write(offset: offset, bytes: Array(bytes.prefix($0))) }
    }

    /// All of the operation, a run of its sectors, or nothing.
    fileprivate func part(_ chance: inout Chance) -> Self? {
        switch chance.next() % 4 {
        case 0: return nil
        case 1, 2: return self
        default:
            guard case .write(let offset, let bytes) = self, bytes.count > 512 else { return nil }
            let sectors = (bytes.count + 511) / 512
            let from = Int(chance.next()) % sectors
            let to = min(from + 1 + Int(chance.next()) % sectors, sectors)
            let range = (from * 512)..<min(to * 512, bytes.count)
            return .write(offset: offset + range.lowerBound, bytes: Array(bytes[range]))
        }
    }
}

/// A small deterministic source of choices.
struct Chance {
    var state: UInt64

    mutating func next() -> UInt32 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt32(truncatingIfNeeded: state >> 33)
    }
}
