// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The zip archive that `torch.save` writes (`caffe2/serialize/inline_container.h`): a pickle and,
/// below `data/`, storages by key.
struct TorchArchive: TorchSource {
    let zip: ZipArchive
    /// Before the names of all members; ends in a slash unless empty.
    let prefix: String
    let isBigEndian: Bool
    /// A TorchScript archive's code, which is not run.
    let hasCode: Bool
    let version: String?
    private let pickleMember: ZipArchive.Member
    private let storages: [String: ZipArchive.Member]

    var path: String { zip.path }

    init(_ zip: ZipArchive) throws(InterchangeError) {
        let pickles = zip.members.filter {
            $0.name == "data.pkl" || $0.name.hasSuffix("/data.pkl")
        }
        guard let pickle = pickles.first, pickles.count == 1 else {
            throw InterchangeError(
                .malformed, zip.path, found: "\(pickles.count) members data.pkl", expected: "one")
        }
        let prefix = String(pickle.name.dropLast("data.pkl".count))
        self.zip = zip
        self.prefix = prefix
        pickleMember = pickle
        storages = Self.storages(zip, below: prefix + "data/")
        hasCode = zip.members.contains { $0.name.hasPrefix(prefix + "code/") }
        version = try Self.text(zip, prefix + "version")
        let order = try Self.text(zip, prefix + "byteorder")
        // Files of before version 2.1 do not say, and all machines that wrote them agree.
        guard [nil, "little", "big"].contains(order) else {
            throw InterchangeError(
                .malformed, zip.path, found: "byte order '\(PickleText.escaped(order ?? ""))'",
                expected: "little or big")
        }
        isBigEndian = order == "big"
    }

    /// The constants of a TorchScript archive, which have a pickle and storages of their own.
    private init(constants pickle: ZipArchive.Member, of archive: TorchArchive) {
        zip = archive.zip
        prefix = archive.prefix
        isBigEndian = archive.isBigEndian
        hasCode = true
        version = archive.version
        pickleMember = pickle
        storages = Self.storages(archive.zip, below: archive.prefix + "constants/")
    }

    var constants: TorchArchive? {
        guard hasCode, let pickle = zip[prefix + "constants.pkl"] else { return nil }
        return TorchArchive(constants: pickle, of: self)
    }

    private static func storages(
        _ zip: ZipArchive, below folder: String
    ) -> [String: ZipArchive.Member] {
        var storages: [String: ZipArchive.Member] = [:]
        for member in zip.members where member.name.hasPrefix(folder) {
            storages[String(member.name.dropFirst(folder.count))] = member
        }
        return storages
    }

    /// A member of a few letters.
    private static func text(
        _ zip: ZipArchive, _ name: String
    ) throws(InterchangeError) -> String? {
        guard let member = zip[name], member.byteCount <= 64 else { return nil }
        let region = try zip.contents(of: member)
        let text = withExtendedLifetime(region) { String(decoding: region.bytes, as: UTF8.self) }
        return String(text.prefix { !$0.isNewline })
    }

    /// The largest pickle that is decompressed; `torch.save` stores its pickle as it is.
    private static let decompressedLimit = 16 << 20

    func pickle() throws(InterchangeError) -> Pickle {
        guard pickleMember.isStored || pickleMember.byteCount <= Self.decompressedLimit else {
            throw InterchangeError(
                .unsupported, path,
                found: "\(pickleName) compressed, of \(pickleMember.byteCount) bytes",
                expected: "at most \(Self.decompressedLimit) when it is compressed")
        }
        let region = try zip.contents(of: pickleMember)
        var machine = PickleMachine(region, path: path, object: pickleName)
        return try machine.run()
    }

    var pickleName: String { String(pickleMember.name.dropFirst(prefix.count)) }
    var pickleByteCount: Int { pickleMember.byteCount }

    func byteCount(ofStorage key: String) -> Int? { storages[key]?.byteCount }

    func bytes(ofStorage key: String) throws(InterchangeError) -> (ByteRegion, offset: Int) {
        guard let member = storages[key] else {
            throw InterchangeError(
                .malformed, path, "there is no storage '\(PickleText.escaped(key))'")
        }
        return (try zip.contents(of: member), 0)
    }

    var storageKeys: [String] { storages.keys.sorted() }
    var payloadByteCount: Int { storages.values.reduce(0) { $0 + $1.range.count } }

    /// What ``PyTorchFile/write(_:to:)`` keeps beside the tensors; nil when there is nothing.
    func extra() throws(InterchangeError) -> JSON? {
        guard let member = zip[prefix + PyTorchFile.extraName] else { return nil }
        guard member.byteCount <= Self.decompressedLimit else {
            throw InterchangeError(
                .malformed, path, "\(PyTorchFile.extraName) has \(member.byteCount) bytes")
        }
        let region = try zip.contents(of: member)
        let parsed = withExtendedLifetime(region) {
            Result { () throws(JSONError) in try JSON(parsing: region.bytes) }
        }
        do throws(JSONError) {
            return try parsed.get()
        } catch {
            throw InterchangeError(.malformed, path, "\(PyTorchFile.extraName): \(error)")
        }
    }
}
