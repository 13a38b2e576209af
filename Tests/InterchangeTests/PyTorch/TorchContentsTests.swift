// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing

@testable import Interchange

@Suite struct TorchContentsTests {
    private func contents(_ program: String) throws -> TorchContents {
        let bytes = Array(program.utf8)
        let region = bytes.withUnsafeBytes { ByteRegion(copying: $0) }
        var machine = PickleMachine(region, path: "file", object: "pickle")
        return try TorchContents(machine.run(), path: "file", object: "pickle")
    }

    /// An array of NumPy's, which needs no storage beside the pickle.
    private let array =
        "cnumpy.core.numeric\n_frombuffer\n(S'abcd'\n"
        + "cnumpy\ndtype\n(S'u1'\ntR(I4\ntS'C'\ntR"

    @Test func pathsAreKeysAndIndicesJoinedByDots() throws {
        let found = try contents("}(Va\n(\(array)}Vb\n\(array)stVc.d\n\(array)I7\n\(array)u.")
        #expect(found.arrays.map(\.name) == ["a.0", "a.1.b", "c.d", "7"])
    }

    @Test func pathsThatMeetAreToldApart() throws {
        let found = try contents("}(Va\n}Vb\n\(array)sVa.b\n\(array)I1\n\(array)V1\n\(array)u.")
        #expect(found.arrays.map(\.name) == ["a.b", "a.b#2", "1", "1#2"])
        #expect(
            found.remarks.first
                == "two tensors are called 'a.b'; the later one is listed as 'a.b#2'")
        #expect(found.duplicates == [])
    }

    @Test func theLaterOfTwoEqualKeysCounts() throws {
        let found = try contents("}(Va\nI1\nVb\nI2\nVa\nI3\nu.")
        #expect(found.metadata == ["a": 3, "b": 2])
        #expect(found.duplicates == ["a"])
    }

    @Test func orderedDictionariesOfPythonTwoAreRead() throws {
        let found = try contents(
            "ccollections\nOrderedDict\n((l(lVa\naI1\naa(lVb\na\(array)aatR.")
        #expect(found.metadata == ["a": 1])
        #expect(found.arrays.map(\.name) == ["b"])
    }

    @Test func unknownObjectsAreSearched() throws {
        // __reduce__ with arguments and attributes, and a subclass of a dictionary.
        let called = try contents("cmine\nThing\n(\(array)I3\ntR}Vx\n\(array)sb.")
        #expect(called.arrays.map(\.name) == ["x", "0"])
        #expect(called.metadata == ["1": 3])
        let items = try contents("cmine\nTable\n(tRVw\n\(array)s.")
        #expect(items.arrays.map(\.name) == ["w"])
        let old = try contents(
            "ccopy_reg\n_reconstructor\n(cmine\nThing\nc__builtin__\nobject\nNtR}Vx\n\(array)sb.")
        #expect(old.arrays.map(\.name) == ["x"])
    }

    @Test func longListsAndTablesAreCountedAndNotListed() throws {
        let numbers = (0..<100).map { "I\($0)\n" }.joined()
        let pairs = (0..<1_500).map { "Vword\($0)\nI\($0)\n" }.joined()
        let found = try contents("}(Vlist\n(\(numbers)lVtable\n}(\(pairs)uVshort\n(I1\nI2\nlu.")
        #expect(found.metadata == ["short": [1, 2]])
        #expect(
            found.remarks == [
                "'list' holds 100 values that are not listed",
                "'table' holds 1500 values that are not listed",
            ])
    }

    @Test func wrappersAreRemarkedAndNamesAreKept() {
        let names = ["state_dict.module.conv.weight", "state_dict.module.conv.bias", "step"]
        #expect(
            TorchRemarks.wrappers(names) == [
                "2 tensors stand below 'state_dict'",
                "the names of 2 tensors hold 'module.', which torch.nn.DataParallel puts before them",
            ])
        #expect(TorchRemarks.wrappers(["conv.weight", "mymodule.bias"]) == [])
    }
}
