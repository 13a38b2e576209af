// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing

@testable import Interchange

/// Names go into a store and come back, whatever they are.
@Suite struct StoredNamesTests {
    /// Stored names of dotted ones, and the dotted ones that come back.
    private func roundTrip(
        _ given: [String], spelling: NameSpelling = .dotted
    ) -> (stored: [String], back: [String]) {
        let names = StoredNames(given, spelling: spelling)
        let back = names.names.map {
            names.originals[$0] ?? StoredNames.original(of: $0, spelling: spelling)
        }
        return (names.names, back)
    }

    @Test func theLastDotBecomesASlash() {
        let (stored, back) = roundTrip([
            "conv1.weight", "layer1.0.bn1.running_mean", "weight", "module.fc.bias",
        ])
        #expect(
            stored == ["conv1/weight", "layer1.0.bn1/running_mean", "weight", "module.fc/bias"])
        #expect(back == ["conv1.weight", "layer1.0.bn1.running_mean", "weight", "module.fc.bias"])
        let names = StoredNames(["conv1.weight", "weight"], spelling: .dotted)
        #expect(names.originals.isEmpty, "rules need no memory")
    }

    @Test func pathsStayAsTheyAre() {
        let given = ["layers/conv2d/vars/0", "layers/conv2d/vars/10", "a/b.c/d"]
        let (stored, back) = roundTrip(given, spelling: .path)
        #expect(stored == given)
        #expect(back == given)
        let dotted = StoredNames(["layers/conv2d/vars/0"], spelling: .dotted)
        #expect(dotted.names == ["layers/conv2d/vars/0"])
        #expect(dotted.originals.isEmpty)
    }

    @Test(arguments: [
        ["a", "a.b", "a.b.c", "a/b", "a/b/c"],
        ["a.b", "a/b", "a.b.c", "a"],
        ["", ".", "..", "a..b", ".a", "a.", "a/", "/a", "a//b", "a/../b", "...", "/"],
        ["new\nline", "tab\there", "\u{7F}", "\u{0}"],
        ["e\u{301}.w", "\u{E9}.w", "e\u{301}/w"],
        [String(repeating: "x", count: 3000) + ".weight", String(repeating: "a.", count: 900)],
        [String(repeating: "a/", count: 600) + "b"],
        ["x.2", "x", "x.y", "x/2"],
        ["_", "/", "_.2", "//"],
    ])
    func awkwardNamesAreStoredAndComeBack(given: [String]) {
        let (stored, back) = roundTrip(given)
        // Unicode calls two spellings of one letter equal; files do not.
        #expect(back.map { Array($0.utf8) } == given.map { Array($0.utf8) })
        for name in stored {
            #expect(!name.isEmpty && name.utf8.count <= 1024)
            #expect(name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
            for part in name.split(separator: "/", omittingEmptySubsequences: false) {
                #expect(!part.isEmpty && part != "." && part != "..")
            }
        }
        #expect(Set(stored).count == stored.count)
        for name in stored {
            #expect(!stored.contains { $0.hasPrefix(name + "/") }, "\(name) is a folder")
        }
    }

    @Test func manyEqualNamesAreNumberedInOrder() {
        let given = (0..<2000).map { "a/" + String(repeating: "/", count: $0 % 3 + 1) + "b" }
        let names = StoredNames(given + ["c.weight"], spelling: .dotted, reserved: ["c/weight"])
        #expect(Set(names.names).count == 2001)
        #expect(names.originals[names.names[2000]] == nil, "'c.weight' stays 'c.weight'")
        #expect(names.names[2000] == "c.weight")
    }

    @Test func dottedAndSlashedSpellingsMeet() {
        #expect(TensorNaming.canonical("layer1.0/conv/weight") == "layer1.0.conv.weight")
        #expect(TensorNaming.isKerasPath("optimizer/vars/12"))
        #expect(!TensorNaming.isKerasPath("layers/vars/x"))
        #expect(!TensorNaming.isKerasPath("vars/"))
        #expect(!TensorNaming.isKerasPath("0"))
    }

    @Test func theRecordOfASourceSurvivesJSON() throws {
        var record = SourceRecord(format: .kerasArchive)
        record.names = ["conv1/weight": "layers/conv2d/vars/0"]
        record.kinds = ["conv1": .depthwiseConvolution, "x": .other("LSTM")]
        record.implied = ["bn/weight": Tensor([1, 1], shape: [2]).digest()]
        let text = record.json.text()
        #expect(SourceRecord(json: try JSON(parsing: text)) == record)
        #expect(SourceRecord(json: ["format": "unheard of"]) == nil)
        #expect(SourceRecord(json: nil) == nil)
    }
}
