// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// The logits of every row of a set: what a model says, wherever it ran.
public struct LogitTable: Sendable {
    public let classCount: Int
    public let count: Int
    /// (count, classes).
    private let values: [Float]

    /// - Throws: ``RobustnessError`` unless the tensor is (N, C) of numbers, with two classes or more.
    public init(_ logits: Tensor) throws(RobustnessError) {
        guard logits.shape.rank == 2, logits.shape[1] >= 2 else {
            throw RobustnessError(
                .data, "logits have the shape \(logits.shape), expected (rows, classes)")
        }
        do throws(TensorError) {
            values = try logits.floats()
        } catch {
            throw RobustnessError(.data, error.description)
        }
        count = logits.shape[0]
        classCount = logits.shape[1]
    }

    init(_ values: [Float], classCount: Int) {
        self.values = values
        self.classCount = classCount
        count = values.count / max(classCount, 1)
    }

    /// Whether every row is a distribution, as a softmax leaves it: then margins are not logits'.
    public var isProbabilities: Bool {
        count > 0
            && (0..<count).allSatisfy { row in
                let own = values[(row * classCount)..<((row + 1) * classCount)]
                return own.allSatisfy { $0 >= 0 }
                    && abs(own.reduce(0.0) { $0 + Double($1) } - 1) <= 4e-3
            }
    }

    func read<Value>(_ row: Int, _ body: (LogitRow) -> Value) -> Value {
        values.withUnsafeBufferPointer { values in
            body(
                LogitRow(
                    values: values.baseAddress.unsafelyUnwrapped + row * classCount,
                    classCount: classCount))
        }
    }

    func prediction(_ row: Int) -> Int? { read(row) { $0.prediction } }
}
