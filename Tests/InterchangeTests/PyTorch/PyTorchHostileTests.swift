// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

/// Files made to run something, to fill the memory or to mislead (`hostile/make_hostile.py`).
@Suite struct PyTorchHostileTests {
    struct Case: CustomTestStringConvertible {
        let name: String
        let isRefused: Bool
        let mention: String

        var testDescription: String { name }
    }

    static let cases: [Case] = {
        let path = fixture("pytorch/hostile/expected.json")
        guard let data = FileManager.default.contents(atPath: path),
            let expected = try? data.withUnsafeBytes({ try JSON(parsing: $0) }).objectValue
        else { return [] }
        return expected.map { name, value in
            Case(
                name: name, isRefused: value["refused"]?.boolValue ?? true,
                mention: value["mentions"]?.stringValue ?? "")
        }.sorted { $0.name < $1.name }
    }()

    @Test func thereAreManyOfThem() {
        #expect(Self.cases.count >= 85)
    }

    @Test(arguments: cases)
    func isRefusedOrInertAndNamed(_ hostile: Case) throws {
        let path = fixture("pytorch/hostile/" + hostile.name)
        do {
            let file = try WeightFile.open(path)
            #expect(!hostile.isRefused, "\(file.entries.map(\.name))")
            if !hostile.mention.isEmpty {
                #expect(
                    file.remarks.contains { $0.contains(hostile.mention) }, "\(file.remarks)")
            }
            for entry in file.entries where entry.elementType != nil {
                #expect(try entry.tensor().shape == entry.shape)
            }
        } catch {
            #expect(hostile.isRefused, "\(error)")
            #expect(
                hostile.mention.isEmpty || error.description.contains(hostile.mention), "\(error)")
            #expect(error.description.hasPrefix(path))
        }
    }

    /// A pickle that would run something is a problem, and so is one that cannot be read.
    @Test(arguments: cases)
    func isAProblemWhereItWouldRunSomething(_ hostile: Case) throws {
        let path = fixture("pytorch/hostile/" + hostile.name)
        let problems = try WeightFile.problems(path, full: true)
        if hostile.isRefused || hostile.mention.contains("called") {
            #expect(!problems.isEmpty)
        }
        if !hostile.isRefused, !hostile.mention.isEmpty {
            #expect(problems.contains { $0.problem.contains(hostile.mention) }, "\(problems)")
        }
    }

    @Test func bytesBehindThePickleAreAProblem() throws {
        let problems = try WeightFile.problems(
            fixture("pytorch/hostile/trailing.pt"), full: false)
        #expect(
            problems == [
                FileProblem(
                    object: "data.pkl", problem: "found 24 bytes after its end, expected none")
            ])
    }

    @Test func whatRepeatsAFewBytesTooOftenIsListedAndNotMade() throws {
        for name in ["expand-bomb", "expand-square"] {
            let file = try WeightFile.open(fixture("pytorch/hostile/\(name).pt"))
            let entry = try #require(file["bomb"])
            #expect(entry.byteCount == 1 << 42)
            let error = #expect(throws: InterchangeError.self) { try entry.tensor() }
            #expect(error?.problem.contains("repeat 4 stored bytes") == true)
            #expect(try #require(file["weight"]).tensor().floats() == [1, 2, 3, 4])
        }
    }

    @Test func aValueThatHoldsItselfEndsTheWalk() throws {
        let file = try WeightFile.open(fixture("pytorch/hostile/cycle.pt"))
        #expect(file.entries.map(\.name) == ["weight"])
    }

    @Test func remarksHaveNoControlCharacters() throws {
        for hostile in Self.cases where !hostile.isRefused {
            let file = try WeightFile.open(fixture("pytorch/hostile/" + hostile.name))
            for remark in file.remarks {
                #expect(remark.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\u{202E}" })
                #expect(remark.count < 400)
            }
        }
    }
}
