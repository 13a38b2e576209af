// SPDX-License-Identifier: Apache-2.0

import Tensors

/// NumPy's archive: a zip of NPY files, each named as its array with `.npy` after it.
enum NPZFile: WritableWeightCodec {
    private static let suffix = ".npy"

    static func open(_ region: ByteRegion, path: String) throws(InterchangeError) -> WeightFile {
        let archive = try ZipArchive(region, path: path)
        let notes = try notes(of: archive)
        var pending = notes.types
        var file = WeightFile(
            path: path, format: .npz, byteCount: region.count, entries: [],
            metadata: notes.metadata)
        var payload = 0
        for member in archive.members {
            let name = try arrayName(of: member, path: path)
            if name == NPZNotes.name { continue }
            let layout = try layout(of: member, name, in: archive)
            let type = pending.removeValue(forKey: name)
            if let type { try check(type, layout, name, path: path) }
            if let remark = remark(on: layout, name) { file.remarks.append(remark) }
            // What the header takes in a compressed member cannot be told.
            let stored =
                member.isStored ? member.range.count - layout.dataStart : member.range.count
            payload += stored
            file.entries.append(
                layout.entry(
                    name, byteCount: member.byteCount, stored: stored, as: type, path: path
                ) { () throws(InterchangeError) in
                    try load(member, name, layout, as: type, from: archive)
                })
        }
        if let name = pending.keys.min() {
            throw InterchangeError(
                .malformed, path,
                "'\(NPZNotes.name)' gives the type of '\(name)', which is not"
                    + " there")
        }
        file.metadataByteCount = region.count - payload
        return file
    }

    static func problems(_ region: ByteRegion, path: String, full: Bool) -> [FileProblem] {
        var problems = ZipArchive.problems(region, path: path, full: full)
        let archive: ZipArchive
        do throws(InterchangeError) {
            archive = try ZipArchive(region, path: path)
        } catch {
            return problems
        }
        for member in archive.members {
            do throws(InterchangeError) {
                let name = try arrayName(of: member, path: path)
                let layout = try layout(of: member, name, in: archive)
                if let remark = remark(on: layout, name) {
                    problems.append(FileProblem(object: name, problem: remark))
                }
                // Elements of other types cannot be wrong.
                if full, case .numbers(.bool, _) = layout.header.elements {
                    _ = try load(member, name, layout, as: nil, from: archive)
                }
            } catch {
                problems.append(FileProblem(object: member.name, problem: error.problem))
            }
        }
        guard problems.isEmpty else { return problems }
        do throws(InterchangeError) {
            _ = try open(region, path: path)
            return []
        } catch {
            return [FileProblem(object: "", problem: error.problem)]
        }
    }

    private static func arrayName(
        of member: ZipArchive.Member, path: String
    ) throws(InterchangeError) -> String {
        guard member.name.hasSuffix(suffix) else {
            throw InterchangeError(
                .unsupported, path,
                "found the member '\(member.name)', expected arrays only, whose"
                    + " names end in \(suffix)")
        }
        return String(member.name.dropLast(suffix.count))
    }

    private static func notes(of archive: ZipArchive) throws(InterchangeError) -> NPZNotes {
        guard let member = archive[NPZNotes.name + suffix] else { return NPZNotes() }
        let layout = try layout(of: member, NPZNotes.name, in: archive)
        let tensor = try load(member, NPZNotes.name, layout, as: nil, from: archive)
        do throws(FormatFault) {
            return try NPZNotes(tensor)
        } catch {
            throw error.error(archive.path, "array")
        }
    }

    /// The header of a member; of a compressed one no more than its start is decompressed.
    private static func layout(
        of member: ZipArchive.Member, _ name: String, in archive: ZipArchive
    ) throws(InterchangeError) -> NPY.Layout {
        let path = archive.path
        if member.isStored {
            let bytes = UnsafeRawBufferPointer(rebasing: archive.region.bytes[member.range])
            return try named(name) { () throws(InterchangeError) in
                try NPY.Layout(bytes, byteCount: member.byteCount, path: path)
            }
        }
        var prefix = try archive.prefix(of: member, NPY.Layout.usualPrefix)
        return try named(name) { () throws(InterchangeError) in
            let range = try prefix.withBytes { (bytes) throws(InterchangeError) in
                try NPY.Layout.headerRange(bytes, byteCount: member.byteCount, path: path)
            }
            if range.upperBound > prefix.count {
                prefix = try archive.prefix(of: member, range.upperBound)
            }
            return try prefix.withBytes { (bytes) throws(InterchangeError) in
                try NPY.Layout(bytes, byteCount: member.byteCount, path: path)
            }
        }
    }

    private static func load(
        _ member: ZipArchive.Member, _ name: String, _ layout: NPY.Layout, as type: ElementType?,
        from archive: ZipArchive
    ) throws(InterchangeError) -> Tensor {
        let contents = try archive.contents(of: member)
        let tensor = try named(name) { () throws(InterchangeError) in
            try layout.tensor(contents, path: archive.path)
        }
        guard let type else { return tensor }
        do throws(TensorError) {
            return try tensor.reinterpreted(as: type)
        } catch {
            throw InterchangeError(.malformed, archive.path, error)
        }
    }

    private static func check(
        _ type: ElementType, _ layout: NPY.Layout, _ name: String, path: String
    ) throws(InterchangeError) {
        guard case .numbers(let found, _) = layout.header.elements,
            found == NPZNotes.carrier(of: type)
        else {
            throw InterchangeError(
                .malformed, path,
                "array '\(name)': '\(NPZNotes.name)' says that it holds \(type),"
                    + " and its own elements are of another width")
        }
    }

    /// What a reader should know of an array that could run code.
    private static func remark(on layout: NPY.Layout, _ name: String) -> String? {
        guard case .foreign(_, NPY.Header.objects) = layout.header.elements else { return nil }
        return "array '\(name)' holds \(NPY.Header.objects); it is listed and not read"
    }

    /// Puts the array's name before what is wrong with it.
    private static func named<Value>(
        _ name: String, _ body: () throws(InterchangeError) -> Value
    ) throws(InterchangeError) -> Value {
        do throws(InterchangeError) {
            return try body()
        } catch {
            throw InterchangeError(error.kind, error.subject, "array '\(name)': \(error.problem)")
        }
    }
}

extension [UInt8] {
    /// `withUnsafeBytes` with a typed error.
    fileprivate func withBytes<Value>(
        _ body: (UnsafeRawBufferPointer) throws(InterchangeError) -> Value
    ) throws(InterchangeError) -> Value {
        let result = withUnsafeBytes { bytes in
            Result { () throws(InterchangeError) in try body(bytes) }
        }
        return try result.get()
    }
}
