// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

/// `retort compact` on stores that are worn, damaged, or none.
@Suite struct CompactTests {
    @Test func theSpaceOfARemovedEpochReturns() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let trained = try tool.run(
                "train", "--store", "s.h5", "--name", "m", "--data", "digits/train[0:200]",
                "--architecture", "mlp", "--epochs", "2")
            try #require(trained.status == 0, "\(trained.errors)")
            try tool.run("remove", "s.h5", "m@1")
            let before = try tool.run("list", "s.h5", "--json").output
            let result = try tool.run("compact", "s.h5", "--json")
            try #require(result.status == 0, "\(result.errors)")
            let json = try result.json()
            let sizes = ["bytes_before", "bytes_after"].compactMap { json[$0]?.integerValue }
            try #require(sizes.count == 2)
            #expect(json["store"] == "s.h5" && json["objects"] == 1)
            #expect(sizes[1] < sizes[0] * 6 / 10)
            let path = folder.appendingPathComponent("s.h5")
            #expect(try Data(contentsOf: path).count == sizes[1])
            #expect(try tool.run("list", "s.h5", "--json").output == before)
            #expect(try tool.run("verify", "s.h5", "--full").status == 0)
        }
    }

    @Test func whatIsDamagedOrNoStoreStaysAsItIs() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let path = folder.appendingPathComponent("s.h5")
            var bytes = try Data(
                contentsOf: URL(fileURLWithPath: fixture("store/sample.h5")))
            bytes.removeLast(100)
            for content in [bytes, Data("text".utf8)] {
                try content.write(to: path)
                let result = try tool.run("compact", "s.h5")
                #expect(result.status == 2 && result.errors.contains("s.h5"))
                #expect(try Data(contentsOf: path) == content)
            }
        }
    }
}
