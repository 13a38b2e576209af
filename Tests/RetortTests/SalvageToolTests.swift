// SPDX-License-Identifier: Apache-2.0

import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

/// `retort salvage` from outside: what it prints and its exit codes.
@Suite struct SalvageToolTests {
    @Test func whatIsSoundIsSavedAndTheRestIsListed() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let path = folder.appendingPathComponent("s.h5")
            let sound = try Data(contentsOf: URL(fileURLWithPath: fixture("store/sample.h5")))
            try sound.write(to: path)
            let names = try tool.run("list", "s.h5", "--json").json()["objects"]?.arrayValue ?? []
            let whole = try tool.run("salvage", "s.h5", "whole.h5", "--json")
            #expect(whole.status == 0, "\(whole.errors)")
            #expect(try whole.json()["saved"]?.arrayValue?.count == names.count)
            #expect(try whole.json()["lost"]?.arrayValue?.isEmpty == true)

            let file = try HDF5File(path: path.path)
            let hit = try #require(
                file.liveBytes.first { $0.dataset?.hasPrefix("/datasets/") == true })
            var damaged = sound
            damaged[hit.range.lowerBound + 1] ^= 1
            try damaged.write(to: path)
            let report = try tool.run("verify", "s.h5", "--full")
            #expect(report.status == 1 && report.output.contains("retort salvage"))
            let part = try tool.run("salvage", "s.h5", "part.h5", "--json")
            #expect(part.status == 1, "\(part.errors)")
            let lost = try #require(try part.json()["lost"]?.arrayValue)
            #expect(lost.count == 1)
            #expect(lost[0]["object"]?.stringValue?.hasPrefix("/datasets/") == true)
            #expect(lost[0]["problem"]?.stringValue?.isEmpty == false)
            #expect(try part.json()["saved"]?.arrayValue?.count == names.count - 1)
            #expect(try tool.run("verify", "part.h5", "--full").status == 0)
            // Two broken headers and a broken array: all are in one report.
            let headers = file.liveBytes.filter { $0.dataset == nil }
            for header in [headers[headers.count / 2], headers[headers.count - 1]] {
                damaged[header.range.lowerBound + 8] ^= 1
            }
            try damaged.write(to: path)
            let all = try tool.run("verify", "s.h5", "--full", "--json")
            #expect(all.status == 1)
            #expect(try all.json()["format"] == "retort-store")
            #expect(try all.json()["problems"]?.arrayValue?.count ?? 0 >= 3, "\(all.output)")
            // Nothing is overwritten.
            #expect(try tool.run("salvage", "s.h5", "part.h5").status == 2)
            try Data("text".utf8).write(to: path)
            let none = try tool.run("salvage", "s.h5", "none.h5")
            #expect(none.status == 2 && none.errors.contains("s.h5"))
            #expect(!FileManager.default.fileExists(atPath: path.path + "none.h5"))
        }
    }
}
