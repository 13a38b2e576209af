// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing

@testable import Interchange

@Suite struct PickleMachineTests {
    private func run(_ program: [UInt8]) throws -> Pickle {
        let region = program.withUnsafeBytes { ByteRegion(copying: $0) }
        var machine = PickleMachine(region, path: "file", object: "pickle")
        return try machine.run()
    }

    private func summary(_ program: [UInt8]) throws -> String {
        let pickle = try run(program)
        return pickle.graph.summary(pickle.root)
    }

    private func summary(_ program: String) throws -> String {
        try summary(Array(program.utf8))
    }

    /// What Python's `pickle.dumps(value, 0)` gives.
    @Test(arguments: [
        ("N.", "None"), ("I01\n.", "True"), ("I00\n.", "False"), ("I-7\n.", "-7"),
        ("L123456789012L\n.", "123456789012"), ("F2.5\n.", "2.5"), ("F-inf\n.", "-inf"),
        ("(I1\nI2\ntp0\n.", "(1, 2)"), ("(lp0\nI1\naI2\na.", "[1, 2]"), ("(dp0\n.", "{...}"),
        ("Vab\\u00e9\np0\n.", "'abé'"), ("S'it\\'s\\n'\np0\n.", "'it\\'s\\u{a}'"),
        ("V\\U0001f600\n.", "'😀'"), ("S'a\\x41b'\n.", "'aAb'"), ("(VX\np0\ng0\nt.", "('X', 'X')"),
        ("L1267650600228229401496703205376L\n.", "an integer of 32 bytes"),
        ("cos\nsystem\n.", "os.system"),
        ("ccollections\nOrderedDict\n(tR.", "collections.OrderedDict()"),
    ])
    func protocolZeroIsRead(program: String, expected: String) throws {
        #expect(try summary(program) == expected)
    }

    @Test func longIntegersHaveTheirSign() throws {
        #expect(try summary([0x8A, 0, 0x2E]) == "0")
        #expect(try summary([0x8A, 1, 0xFF, 0x2E]) == "-1")
        #expect(try summary([0x8A, 2, 0x00, 0x80, 0x2E]) == "-32768")
        #expect(try summary([0x8A, 2, 0xFF, 0x00, 0x2E]) == "255")
        #expect(
            try summary([0x8A, 8] + [UInt8](repeating: 0xFF, count: 7) + [0x7F, 0x2E])
                == String(Int.max))
        #expect(try summary([0x4A, 0xFE, 0xFF, 0xFF, 0xFF, 0x2E]) == "-2")
        #expect(try summary([0x4A, 0xFF, 0xFF, 0xFF, 0x7F, 0x2E]) == "2147483647")
        #expect(try summary([0x4A, 0xFE, 0xFF, 0xFF, 0x7F, 0x2E]) == "2147483646")
        #expect(try summary([0x47, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0, 0x2E]) == "1.5")
    }

    @Test func marksGuardWhatLiesBelowThem() throws {
        #expect(throws: InterchangeError.self) { try summary("N(a.") }
        #expect(try summary("N(0.") == "None")
        #expect(try summary("NI1\n(I2\nI3\n1.") == "1")
        #expect(throws: InterchangeError.self) { try summary([0x4E, 0x28, 0x85, 0x2E]) }
    }

    @Test func itemsGoWhereTheProgramPutsThem() throws {
        #expect(try summary("](I1\nI2\neI3\na.") == "[1, 2, 3]")
        #expect(try summary([0x8F, 0x28, 0x4B, 1, 0x4B, 2, 0x90, 0x2E]) == "{1, 2}")
        #expect(try summary([0x28, 0x4B, 9, 0x91, 0x2E]) == "{9}")
        #expect(try summary([0x4B, 1, 0x4B, 2, 0x4B, 3, 0x87, 0x2E]) == "(1, 2, 3)")
        let pickle = try run(Array("}(Va\nI1\nVb\nI2\nuVc\nI3\ns.".utf8))
        #expect(
            pickle.graph.items(pickle.root).map { pickle.graph.summary($0) }
                == ["'a'", "1", "'b'", "2", "'c'", "3"])
        #expect(throws: InterchangeError.self) { try summary("(Va\nd.") }
        #expect(throws: InterchangeError.self) { try summary("NI1\na.") }
    }

    @Test func memoKeepsTheValueAndNotACopy() throws {
        let pickle = try run(Array("(lp0\n(g0\ng0\nI1\nat.".utf8))
        let items = pickle.graph.items(pickle.root).map { $0 }
        #expect(items.count == 2 && items[0] == items[1])
        #expect(pickle.graph.summary(pickle.root) == "([1], [1])")
    }

    @Test func everyCallIsNamedOnceWithItsFirstArguments() throws {
        let pickle = try run(Array("(cos\nsystem\n(Va\ntRcos\nsystem\n(Vb\ntRt.".utf8))
        #expect(pickle.calls == ["os.system('a'), 2 times"])
        #expect(pickle.imports == [])
        #expect(pickle.end == 37)
    }

    @Test func theNotoriousIsNamedFirst() throws {
        var program = "("
        for index in 0..<30 { program += "cpackage\nfunction\(index)\n)R" }
        program += "csubprocess\ncall\n)Rt."
        #expect(try run(Array(program.utf8)).calls.first == "subprocess.call()")
    }

    @Test func namesOfPyTorchAndPythonThatMakeDataAreNoHazard() throws {
        for (module, name) in [
            ("torch._utils", "_rebuild_tensor_v2"), ("collections", "OrderedDict"),
            ("torch", "float8_e4m3fn"), ("numpy._core.multiarray", "_reconstruct"),
        ] {
            let pickle = try run(Array("c\(module)\n\(name)\n)R.".utf8))
            #expect(pickle.calls == [] && pickle.imports == [], "\(module).\(name)")
        }
        // A module's class is data while it is only made, and code when it is called.
        let linear = "ctorch.nn.modules.linear\nLinear\n)"
        #expect(try run(Array(linear.utf8) + [0x81, 0x2E]).calls == [])
        #expect(
            try run(Array(linear.utf8) + [0x52, 0x2E]).calls
                == ["torch.nn.modules.linear.Linear()"])
        // A function that is referred to does nothing until it is called.
        let relu = "ctorch.nn.functional\nrelu\n"
        #expect(try run(Array((relu + ".").utf8)).calls == [])
        #expect(try run(Array((relu + ")R.").utf8)).calls == ["torch.nn.functional.relu()"])
    }
}
