// SPDX-License-Identifier: Apache-2.0

import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

/// Flipped bits as `retort verify --full` reports them. `BitRotTests` flips many more without
/// starting a process for each; `tools/bitrot` runs both for longer.
@Suite struct BitRotToolTests {
    private static let flips =
        ProcessInfo.processInfo.environment["RETORT_BITROT_FLIPS"].flatMap { Int($0) }
        .map { min($0, 500) } ?? 12

    @Test func everyFlippedBitIsReported() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let path = folder.appendingPathComponent("s.h5")
            for command in [
                "train --store s.h5 --name m --data digits/train[0:200] --architecture mlp --epochs 2",
                "label --store s.h5 --checkpoint m --data digits/train[0:200] --name cache",
                "remove s.h5 m@1",
            ] {
                let result = try tool.run(command.split(separator: " ").map(String.init))
                try #require(result.status == 0, "\(result.errors)")
            }
            let file = try HDF5File(path: path.path)
            let live = file.liveBytes
            let sound = try Data(contentsOf: path)
            var random = RandomStream(seed: 3, purpose: .test)
            for flip in 0..<Self.flips {
                // Half of them in structures, which are a small part of the file.
                let ranges = live.filter { flip % 2 == 0 || $0.dataset == nil }
                var place = random.integer(below: ranges.reduce(0) { $0 + $1.range.count })
                let hit = try #require(
                    ranges.first { extent in
                        if place < extent.range.count { return true }
                        place -= extent.range.count
                        return false
                    })
                var bytes = sound
                bytes[hit.range.lowerBound + place] ^= 1 << UInt8(flip % 8)
                try bytes.write(to: path)
                let result = try tool.run("verify", "s.h5", "--full", "--json")
                #expect(
                    !result.wasSignalled && (1...2).contains(result.status), "\(hit) + \(place)")
                guard let dataset = hit.dataset else { continue }
                let address = file.object(at: dataset)?.dataset?.address
                let part = String(dataset.split(separator: "/").last ?? "")
                let problems = try result.json()["problems"]?.arrayValue ?? []
                // Texts and manifests are named by their object, and objects by any of their names.
                #expect(
                    problems.contains { problem in
                        let named = file.object(at: problem["object"]?.stringValue ?? "")
                        return named?.dataset?.address == address
                            || named?.group?[part]?.dataset?.address == address
                    }, "\(hit) + \(place)")
            }
            print("bit rot: \(Self.flips) flips through the tool")
        }
    }
}
