// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import HDF5
import Tensors

/// A sound store, and what verification says once one of its bits is flipped.
struct BitRotTrial {
    enum Verdict: Equatable {
        case unnoticed
        /// Reported, without the array, the object or the structure that the bit belongs to.
        case misnamed
        case named
    }

    /// A bit and what it belongs to.
    struct Target {
        let byte: Int
        let bit: Int
        /// Where the structure or the elements begin.
        let start: Int
        /// The dataset whose elements hold the bit; nil for headers and indexes.
        let dataset: String?
    }

    let live: [HDF5LiveBytes]
    let byteCount: Int
    private let sound: [UInt8]
    /// Paths of a dataset by its address.
    private let names: [Int: Set<String>]
    private let addresses: [String: Int]

    init(path: String) throws {
        sound = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        byteCount = sound.count
        let file = try HDF5File(path: path)
        live = file.liveBytes
        var names: [Int: Set<String>] = [:]
        var addresses: [String: Int] = [:]
        var pending = [HDF5Object.group(file.root)]
        while let object = pending.popLast() {
            switch object {
            case .group(let group): pending += group.members.map(\.object)
            case .dataset(let dataset):
                names[dataset.address, default: []].insert(dataset.path)
                addresses[dataset.path] = dataset.address
            default: continue
            }
        }
        self.names = names
        self.addresses = addresses
    }

    /// The bit at a place among the live ones, of elements and structures or of the latter alone.
    func target(_ place: Int, in ranges: [HDF5LiveBytes]) -> Target {
        var rest = place / 8
        for extent in ranges {
            if rest < extent.range.count {
                return Target(
                    byte: extent.range.lowerBound + rest, bit: place % 8,
                    start: extent.range.lowerBound, dataset: extent.dataset)
            }
            rest -= extent.range.count
        }
        preconditionFailure("the place is not live")
    }

    /// The file with one bit flipped.
    func damaged(_ target: Target) -> [UInt8] {
        var bytes = sound
        bytes[target.byte] ^= 1 << UInt8(target.bit)
        return bytes
    }

    /// Does what `retort verify --full` does with a store.
    func verdict(_ target: Target) -> Verdict {
        let bytes = damaged(target)
        let region = ByteRegion(count: bytes.count) { $0.copyBytes(from: bytes) }
        do throws(StoreError) {
            let problems = try Store.open(region: region, name: "store.h5").verify(full: true)
            return verdict(on: problems.map { ($0.object, $0.problem) }, target)
        } catch {
            return verdict(on: [(error.object ?? "", error.problem)], target)
        }
    }

    func verdict(on problems: [(object: String, problem: String)], _ target: Target) -> Verdict {
        guard !problems.isEmpty else { return .unnoticed }
        guard let dataset = target.dataset, let address = addresses[dataset] else {
            // A structure is named by the object it serves, by its address, or by its kind.
            let isNamed = problems.contains { problem in
                problem.object.count > 1
                    || problem.problem.contains("\(target.start)")
                    || problem.problem.contains("superblock") || target.start == 0
            }
            return isNamed ? .named : .misnamed
        }
        let paths = names[address] ?? []
        // A manifest or a text is part of its object, and is named by it.
        let isPart = ["manifest", "metadata", "architecture", "optimizer_manifest"].contains {
            dataset.hasSuffix("/" + $0)
        }
        let isNamed = problems.contains { problem in
            paths.contains(problem.object)
                || isPart
                    && paths.contains { path in
                        let object = path.split(separator: "/").prefix(2).joined(separator: "/")
                        return problem.object == "/" + object
                            || problem.object.hasPrefix("/" + object + "/")
                    }
        }
        return isNamed ? .named : .misnamed
    }
}
