// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

/// Prints a JSON line for every path of an HDF5 file, as our reader sees it: `retort-bench
/// hdf5-dump FILE ...`. `tools/differential` holds it against h5py.
enum HDF5Dump {
    static func run(_ paths: [String]) {
        for path in paths {
            do throws(HDF5Error) {
                print(JSON.object(["file": .string(path)]).text())
                dump(try HDF5File(path: path))
            } catch {
                print(JSON.object(["refused": .string(error.description)]).text())
            }
        }
    }

    private static func dump(_ file: HDF5File) {
        var pending: [(String, HDF5Object)] = [("/", .group(file.root))]
        while let (path, object) = pending.popLast() {
            var line: [String: JSON] = ["path": .string(path)]
            switch object {
            case .group(let group):
                line["kind"] = "group"
                line["members"] = .array(group.names.map(JSON.string))
                line["attributes"] = attributes(group.attributes)
                for (name, member) in group.members {
                    pending.append(((path == "/" ? "" : path) + "/" + name, member))
                }
            case .dataset(let dataset): describe(dataset, in: &line)
            case .datatype(let datatype):
                line["kind"] = "datatype"
                line["attributes"] = attributes(datatype.attributes)
            case .link(let link):
                line["kind"] = "link"
                line["target"] = .string(link.target)
            case .unread(let object):
                line["kind"] = "unread"
                line["reason"] = .string(object.error.reason)
            }
            print(JSON.object(line).text())
        }
    }

    private static func describe(_ dataset: HDF5Dataset, in line: inout [String: JSON]) {
        line["kind"] = "dataset"
        line["shape"] = .array(dataset.shape.dimensions.map(JSON.integer))
        line["is_null"] = .bool(dataset.isNull)
        line["filters"] = .array(dataset.filters.map { .integer($0.identifier) })
        line["attributes"] = attributes(dataset.attributes)
        switch dataset.layout {
        case .compact: line["layout"] = "compact"
        case .contiguous: line["layout"] = "contiguous"
        case .chunked(let chunk, _): line["layout"] = .array(chunk.map(JSON.integer))
        case .unread(let feature): line["layout"] = .string(feature)
        }
        line["largest"] = .array(
            dataset.largestDimensions.map { $0.map(JSON.integer) ?? JSON.null })
        line["value"] = value { () throws(HDF5Error) in
            switch dataset.datatype.innermost {
            case .fixedString, .variableString: texts(try dataset.strings())
            case .sequence: sequences(try dataset.sequences())
            case .compound: records(try dataset.records())
            case .opaque where dataset.elementType == nil:
                ["bytes": .string(try dataset.withUnsafeBytes { Digest(hashing: $0).hexadecimal })]
            default: tensor(try dataset.tensor())
            }
        }
    }

    private static func attributes(_ attributes: [HDF5Attribute]) -> JSON {
        var found: [String: JSON] = [:]
        for attribute in attributes {
            found[attribute.name] = value { () throws(HDF5Error) in
                switch attribute.datatype.innermost {
                case .fixedString, .variableString: texts(try attribute.strings())
                case .sequence: sequences(try attribute.sequences())
                default: tensor(try attribute.tensor())
                }
            }
        }
        return .object(found)
    }

    private static func records(_ records: HDF5Records) -> JSON {
        var members: [String: JSON] = [:]
        for member in records.members {
            members[member.name] = value { () throws(HDF5Error) in
                switch member.datatype.innermost {
                case .fixedString, .variableString: texts(try records.strings(member.name))
                case .sequence: sequences(try records.sequences(member.name))
                case .compound:
                    self.records(try records.records(member.name))
                case .opaque:
                    ["bytes": .string(Digest(hashing: try records.bytes(member.name)).hexadecimal)]
                default: tensor(try records.tensor(member.name))
                }
            }
        }
        return ["members": .object(members)]
    }

    private static func value(_ body: () throws(HDF5Error) -> JSON) -> JSON {
        do throws(HDF5Error) { return try body() } catch {
            return ["refused": .string(error.reason)]
        }
    }

    private static func texts(_ texts: [String]) -> JSON {
        ["texts": .array(texts.map(JSON.string))]
    }

    private static func sequences(_ sequences: [Tensor]) -> JSON {
        ["sequences": .array(sequences.map(tensor))]
    }

    private static func tensor(_ tensor: Tensor) -> JSON {
        [
            "type": .string(tensor.elementType.rawValue),
            "shape": .array(tensor.shape.dimensions.map(JSON.integer)),
            "sha256": .string(tensor.withUnsafeBytes { Digest(hashing: $0).hexadecimal }),
        ]
    }
}
