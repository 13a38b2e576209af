// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

/// Two arrays and what NumPy says of their difference (`Fixtures/comparison/make.py`).
struct DifferenceCase: CustomTestStringConvertible, Sendable {
    let expected: JSON

    var name: String { expected["name"]!.stringValue! }
    var testDescription: String { name }

    static let all: [DifferenceCase] = {
        let data = FileManager.default.contents(atPath: fixture("comparison/cases.json"))!
        let cases = try! JSON(parsing: String(decoding: data, as: UTF8.self)).arrayValue!
        return cases.map(DifferenceCase.init)
    }()

    /// NumPy has no BF16: such arrays are stored as their bits.
    func tensor(_ side: String) throws -> Tensor {
        let stored = try NPY.read(fixture("comparison/\(name)-\(side).npy"))
        let type = ElementType(rawValue: expected[side]!.stringValue!)!
        return try stored.withUnsafeBytes { try Tensor(type, shape: stored.shape, copying: $0) }
    }

    func integer(_ key: String) -> Int? { expected[key]?.integerValue }

    var tolerances: [Tolerance] {
        expected["tolerances"]!.arrayValue!.map {
            let pair = $0.arrayValue!
            return Tolerance(absolute: pair[0].doubleValue!, relative: pair[1].doubleValue!)
        }
    }
}

@Suite struct ElementDifferenceTests {
    @Test(arguments: DifferenceCase.all)
    func everyNumberIsNumPys(_ item: DifferenceCase) throws {
        let (a, b) = (try item.tensor("a"), try item.tensor("b"))
        let found = a.difference(from: b)
        #expect(found.count == item.integer("count"))
        #expect(found.different == item.integer("different"))
        #expect(found.sharedNaN == item.integer("nan"))
        #expect(found.sharedInfinity == item.integer("inf"))
        #expect(found.nonFinite == item.integer("non_finite"))
        #expect(found.signedZeros == item.integer("signed_zeros"))
        #expect(found.differentBits == item.integer("bits"))
        #expect(found.worst?.offset == item.integer("worst"))
        #expect(found.maximum == item.expected["max_abs"]?.doubleValue)
        func close(_ value: Double?, _ key: String) -> Bool {
            guard let value, let expected = item.expected[key]?.doubleValue else { return false }
            return abs(value - expected) <= 1e-12 * abs(expected)
        }
        #expect(close(found.mean, "mean_abs"))
        #expect(close(found.relativeL2, "rel_l2"))
        #expect(close(found.cosine, "cosine"))
        if a.elementType == b.elementType, a.elementType.isFloatingPoint {
            #expect(found.maximumULP == item.integer("max_ulp").map { UInt64($0) })
        } else {
            #expect(found.maximumULP == nil)
        }
    }

    @Test(arguments: DifferenceCase.all)
    func toleranceCountsAsAllcloseDoes(_ item: DifferenceCase) throws {
        let (a, b) = (try item.tensor("a"), try item.tensor("b"))
        let expected = item.expected["beyond"]!.arrayValue!.compactMap(\.integerValue)
        for (tolerance, count) in zip(item.tolerances, expected) {
            #expect(a.difference(from: b, tolerance: tolerance).beyond == count)
        }
    }

    /// Blocks, parts and threads must not show: the same elements at other places.
    @Test(arguments: DifferenceCase.all)
    func whereABlockBeginsDoesNotMatter(_ item: DifferenceCase) throws {
        let (a, b) = (try item.tensor("a"), try item.tensor("b"))
        let count = a.shape[0]
        for cut in [1, 2, 3, 17, count / 2, count - 1] where cut < count {
            var joined = try a.rows(0..<cut).difference(from: b.rows(0..<cut))
            let rest = try a.rows(cut..<count).difference(from: b.rows(cut..<count))
            joined.append(rest)
            let whole = a.difference(from: b)
            #expect(joined.different == whole.different)
            #expect(joined.maximum == whole.maximum)
            #expect(joined.beyond == whole.beyond)
            #expect(joined.nonFinite == whole.nonFinite)
        }
    }

    @Test func manyPartsAgreeWithOne() throws {
        var random = RandomStream(seed: 5, purpose: .test)
        let count = 200_003
        let a = (0..<count).map { _ in random.normal() }
        var b = a
        for index in stride(from: 7, to: count, by: 91) { b[index] += 0.001 * random.normal() }
        b[150_000] = 9
        let found = Tensor(a, shape: [count]).difference(from: Tensor(b, shape: [count]))
        let distances = zip(a, b).map { abs(Double($0) - Double($1)) }
        #expect(found.different == distances.count { $0 > 0 })
        #expect(found.worst == .init(offset: 150_000, a: Double(a[150_000]), b: 9))
        let squares = distances.reduce(0) { $0 + $1 * $1 }
        let norm = b.reduce(0) { $0 + Double($1) * Double($1) }
        #expect(abs(found.relativeL2 - (squares / norm).squareRoot()) < 1e-12)
        let again = Tensor(a, shape: [count]).difference(from: Tensor(b, shape: [count]))
        #expect(found == again)
    }

    @Test func identicalTensorsAreToldSo() {
        let tensor = Tensor([.nan, -0.0, 1], shape: [3])
        let copy = Tensor([.nan, -0.0, 1], shape: [3])
        let found = tensor.difference(from: copy)
        #expect(found.isIdentical)
        #expect(found.isEqual)
        #expect(found.relativeL2 == 0)
        #expect(found.maximumULP == 0)
    }

    @Test func theOnlyDifferenceIsFoundWhereverItIs() throws {
        let count = 600_000
        let zeros = Tensor([Float](repeating: 1, count: count), shape: [count])
        for place in [0, 262_143, 262_144, 300_000, count - 1] {
            var values = [Float](repeating: 1, count: count)
            values[place] = Float(1).nextUp
            let found = zeros.difference(from: Tensor(values, shape: [count]))
            #expect(found.different == 1)
            #expect(found.worst?.offset == place)
            #expect(found.maximumULP == 1)
        }
    }

    @Test func emptyTensorsAndZerosHaveNoDistance() {
        let empty = Tensor([Float](), shape: [0, 4])
        #expect(empty.difference(from: empty).isEqual)
        let zeros = Tensor([0, 0], shape: [2])
        let ones = Tensor([1, 1], shape: [2])
        #expect(zeros.difference(from: ones).cosine == nil)
        #expect(ones.difference(from: zeros).relativeL2 == .infinity)
        #expect(zeros.difference(from: ones).relativeL2 == 1)
    }
}
