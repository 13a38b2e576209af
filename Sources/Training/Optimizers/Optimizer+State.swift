// SPDX-License-Identifier: Apache-2.0

public import Tensors

extension Optimizer {
    /// The name of the step counter among the state tensors.
    static let stepName = "step"

    /// Everything a resumed run needs: `step`, an I64 scalar, and for each trainable parameter
    /// `momentum/<parameter>` or `exp_avg/<parameter>` and `exp_avg_sq/<parameter>`, F32.
    public func exportState() -> NamedTensors {
        var tensors = NamedTensors()
        tensors[Self.stepName] = Tensor(
            trusted: .i64, shape: .scalar, values: [Int64(stepCount)])
        for (name, buffer) in zip(rule.stateNames, state) {
            for slice in slices where slice.isTrainable {
                let values = Array(UnsafeBufferPointer(rebasing: buffer.all[slice.range]))
                tensors["\(name)/\(slice.name)"] = Tensor(values, shape: slice.shape)
            }
        }
        return tensors
    }

    /// Takes up the state another optimizer of the same rule and model exported. Nothing changes
    /// when it throws.
    ///
    /// - Throws: ``TrainingError`` naming the tensor that is missing, left over, or of another
    ///   shape.
    public func importState(_ tensors: NamedTensors) throws(TrainingError) {
        var expected: [(name: String, slice: ParameterSlice, buffer: FloatBuffer)] = []
        for (name, buffer) in zip(rule.stateNames, state) {
            for slice in slices where slice.isTrainable {
                expected.append(("\(name)/\(slice.name)", slice, buffer))
            }
        }
        let known = Set(expected.map(\.name) + [Self.stepName])
        if let stranger = tensors.names.first(where: { !known.contains($0) }) {
            throw TrainingError(
                "the optimizer state has '\(stranger)', which \(rule.name) does not keep for this model"
            )
        }
        let steps = try Self.stepCount(in: tensors)
        for (name, slice, _) in expected {
            guard let tensor = tensors[name] else {
                throw TrainingError("the optimizer state of \(rule.name) lacks '\(name)'")
            }
            guard tensor.shape == slice.shape, tensor.elementType == .f32 else {
                throw TrainingError(
                    "optimizer state '\(name)' is \(tensor), expected F32 \(slice.shape)")
            }
        }
        stepCount = steps
        for (name, slice, buffer) in expected {
            tensors[name]?.withUnsafeBytes { bytes in
                UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer.all)[
                        (slice.range.lowerBound * 4)..<(slice.range.upperBound * 4)]
                ).copyMemory(from: bytes)
            }
        }
    }

    private static func stepCount(in tensors: NamedTensors) throws(TrainingError) -> Int {
        guard let tensor = tensors[stepName], tensor.elementType == .i64,
            tensor.shape.elementCount == 1
        else {
            throw TrainingError("the optimizer state lacks '\(stepName)', one I64 number")
        }
        let steps = tensor.withUnsafeBytes { Int($0.loadUnaligned(as: Int64.self)) }
        guard steps >= 0 else {
            throw TrainingError("the optimizer state counts \(steps) steps, expected 0 or more")
        }
        return steps
    }
}
