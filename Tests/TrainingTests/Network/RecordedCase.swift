// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing
import Training

/// A graph and what PyTorch computed for it: an element of `Fixtures/training/*.json`.
struct RecordedCase: CustomTestStringConvertible, Sendable {
    let name: String
    let graph: Graph
    let batch: Int
    let json: JSON

    var testDescription: String { name }

    static func load(_ file: String) throws -> [RecordedCase] {
        let text = try String(contentsOfFile: fixture("training/\(file)"), encoding: .utf8)
        return try (JSON(parsing: text).arrayValue ?? []).map { json in
            RecordedCase(
                name: try #require(json["name"]?.stringValue),
                graph: try Graph(json: #require(json["graph"])),
                batch: try #require(json["batch"]?.integerValue), json: json)
        }
    }

    /// The same integer hash as in `make.py`, in [-0.5, 0.5).
    static func formula(_ count: Int, salt: Int) -> [Double] {
        (0..<count).map { index in
            var hash = UInt32(
                truncatingIfNeeded: UInt64(index) &* 2_654_435_761 &+ UInt64(salt) &* 97911 &+ 12345
            )
            hash ^= hash >> 15
            hash = hash &* 2_246_822_519
            hash ^= hash >> 13
            hash = hash &* 3_266_489_917
            hash ^= hash >> 16
            return Double(hash >> 8) / 16_777_216 - 0.5
        }
    }

    /// Parameters by the same formula as in `make.py`.
    static func parameters(of graph: Graph) -> NamedTensors {
        var tensors = NamedTensors()
        for (index, specification) in graph.parameters.enumerated() {
            let shape = specification.shape
            let fanIn = Double(shape.elementCount / shape[0])
            let values = formula(shape.elementCount, salt: 100 + index).map { value -> Float in
                switch specification.role {
                case .weight where shape.rank > 1: Float(value * (4 / fanIn.squareRoot()))
                case .weight, .runningVariance: Float(1 + value)
                case .bias, .runningMean: Float(0.5 * value)
                }
            }
            tensors[specification.name] = Tensor(values, shape: shape)
        }
        return tensors
    }

    func network(
        _ purpose: Network.Purpose, precision: Network.Precision = .f32
    ) throws -> Network {
        let arena = try ParameterArena(graph: graph, tensors: Self.parameters(of: graph))
        let network = try Network(
            graph: graph, parameters: arena, batchSize: batch, purpose: purpose,
            precision: precision)
        let input = Self.formula(network.input.count, salt: 1).map { Float($0 + 0.5) }
        _ = network.input.update(from: input)
        let gradient = Self.formula(network.logitsGradient.count, salt: 2).map { Float($0) }
        _ = network.logitsGradient.update(from: gradient)
        return network
    }

    /// Compares with a recorded list, or with the recorded first values, sum and norm.
    static func expect(
        _ found: some Collection<Float>, matches json: JSON?, tolerance: Float, _ what: String
    ) throws {
        let json = try #require(json, "\(what) is not recorded")
        let found = Array(found)
        if let list = json.arrayValue {
            let expected = list.compactMap(\.doubleValue).map { Float($0) }
            expectClose(found, expected, absolute: tolerance, relative: tolerance, what)
            return
        }
        let first = (json["first"]?.arrayValue ?? []).compactMap(\.doubleValue).map { Float($0) }
        let norm = try #require(json["norm"]?.doubleValue)
        let sum = try #require(json["sum"]?.doubleValue)
        // One value is judged against the tensor's typical size.
        let typical = Float(norm / Double(found.count).squareRoot())
        expectClose(
            Array(found.prefix(8)), first, absolute: tolerance * typical, relative: tolerance, what)
        let foundNorm = found.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        let foundSum = found.reduce(0.0) { $0 + Double($1) }
        #expect(abs(foundNorm - norm) <= Double(tolerance) * norm, "\(what): norm")
        #expect(abs(foundSum - sum) <= Double(tolerance) * norm, "\(what): sum")
    }
}
