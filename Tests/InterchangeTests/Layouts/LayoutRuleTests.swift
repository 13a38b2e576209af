// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

/// A kernel of Keras and what PyTorch needs of it, as `Fixtures/layouts/make.py` recorded it after
/// both libraries computed the same with them.
struct LayoutCase: Decodable, CustomTestStringConvertible, Sendable {
    let name: String
    let kind: String
    let keras: [Int]
    let pytorch: [Int]
    let order: [Int32]
    let flatten: [Int]?
    let multiplier: Int?

    var testDescription: String { name }

    static let all: [LayoutCase] = {
        let data = FileManager.default.contents(atPath: fixture("layouts/layouts.json"))!
        return try! JSONDecoder().decode([LayoutCase].self, from: data)
    }()

    func role(_ layout: ParameterRole.Layout) -> ParameterRole {
        let kinds: [String: ParameterRole.LayerKind] = [
            "convolution": .convolution, "depthwise": .depthwiseConvolution,
            "transposed": .transposedConvolution, "dense": .dense,
        ]
        return ParameterRole(
            layer: "layer", kind: kinds[kind]!, parameter: .kernel, layout: layout,
            flatten: flatten.map { .init(height: $0[0], width: $0[1], channels: $0[2]) },
            depthMultiplier: layout == .pytorch ? multiplier : nil)
    }

    /// 0, 1, 2, ... as Keras has them.
    var kerasTensor: Tensor {
        let shape = Shape(trusted: keras)
        return Tensor(
            trusted: .i32, shape: shape, values: (0..<shape.elementCount).map(Int32.init))
    }

    var pytorchTensor: Tensor {
        Tensor(trusted: .i32, shape: Shape(trusted: pytorch), values: order)
    }
}

@Suite struct LayoutRuleTests {
    @Test(arguments: LayoutCase.all)
    func kernelsMoveAsTheLibrariesNeedThem(_ item: LayoutCase) throws {
        let entry = WeightEntry(name: "k", tensor: item.kerasTensor, role: item.role(.keras))
        let moved = try entry.converted(to: .pytorch)
        #expect(moved.shape == Shape(trusted: item.pytorch))
        #expect(try moved.tensor() == item.pytorchTensor)
        #expect(moved.role?.layout == .pytorch)
        #expect(moved.role?.depthMultiplier == item.multiplier)
        let back = try moved.converted(to: .keras)
        #expect(back.role == item.role(.keras))
        #expect(try back.tensor() == item.kerasTensor)
    }

    @Test(arguments: LayoutCase.all)
    func kernelsOfPyTorchMoveBack(_ item: LayoutCase) throws {
        let entry = WeightEntry(name: "k", tensor: item.pytorchTensor, role: item.role(.pytorch))
        #expect(try entry.converted(to: .keras).tensor() == item.kerasTensor)
    }

    @Test func descriptionsSayWhatMoves() throws {
        func text(_ name: String, _ layout: ParameterRole.Layout) throws -> String {
            let item = try #require(LayoutCase.all.first { $0.name == name })
            let tensor = layout == .pytorch ? item.kerasTensor : item.pytorchTensor
            let role = item.role(layout == .pytorch ? .keras : .pytorch)
            return try WeightEntry(name: "k", tensor: tensor, role: role).layoutRule(to: layout)
                .description
        }
        #expect(try text("Conv2D", .pytorch) == "HWIO -> OIHW")
        #expect(try text("Conv2D", .keras) == "OIHW -> HWIO")
        #expect(try text("Conv1D", .pytorch) == "WIO -> OIW")
        #expect(try text("Conv3D", .keras) == "OIDHW -> DHWIO")
        #expect(try text("Conv2DTranspose", .pytorch) == "HWOI -> IOHW")
        #expect(try text("DepthwiseConv2D", .pytorch) == "HWIM -> (I*M)1HW")
        #expect(try text("DepthwiseConv2D", .keras) == "(I*M)1HW -> HWIM")
        #expect(try text("Dense", .pytorch) == "(in, out) -> (out, in)")
        #expect(
            try text("Dense after a flatten", .pytorch)
                == "(in, out) -> (out, in), rows from (3, 2, 4) HWC to CHW")
        #expect(
            try text("Dense after a flatten", .keras)
                == "(out, in) -> (in, out), columns from (4, 3, 2) CHW to HWC")
    }

    @Test func vectorsAndUnknownVectorsStay() throws {
        let vector = Tensor([1, 2, 3], shape: [3])
        let bias = WeightEntry(
            name: "b", tensor: vector,
            role: ParameterRole(
                layer: "bn", kind: .batchNormalization, parameter: .movingMean, layout: .keras))
        let moved = try bias.converted(to: .pytorch)
        #expect(try moved.tensor() == vector)
        #expect(moved.role?.layout == .pytorch)
        #expect(try moved.layoutRule(to: .keras).isIdentity)
        let unknown = WeightEntry(name: "step", tensor: Tensor([1], shape: .scalar))
        #expect(try unknown.converted(to: .keras).role == nil)
    }

    @Test func aDepthwiseKernelTreatedAsAPlainOneHasAnotherShape() throws {
        // formats.md 2.7: the common bug. The rule of a convolution gives (M, I, kh, kw).
        let item = try #require(LayoutCase.all.first { $0.kind == "depthwise" })
        let wrong = try LayoutRule.convolution(Shape(trusted: item.keras), to: .pytorch)
        #expect(wrong.target != Shape(trusted: item.pytorch))
    }

    @Test func aFlattenedKernelTreatedAsAPlainOneHasOtherNumbers() throws {
        let item = try #require(LayoutCase.all.first { $0.flatten != nil })
        let plain = try LayoutRule.dense(Shape(trusted: item.keras), flattened: nil, to: .pytorch)
        #expect(plain.target == Shape(trusted: item.pytorch))
        #expect(plain.applied(to: item.kerasTensor) != item.pytorchTensor)
    }

    @Test func whatIsNotKnownIsRefused() throws {
        func problem(
            _ shape: Shape, _ role: ParameterRole?, to layout: ParameterRole.Layout
        ) -> String? {
            let values = [Float](repeating: 0, count: shape.elementCount)
            let entry = WeightEntry(name: "k", tensor: Tensor(values, shape: shape), role: role)
            do throws(InterchangeError) {
                _ = try entry.converted(to: layout)
                return nil
            } catch {
                return error.description
            }
        }
        func role(
            _ kind: ParameterRole.LayerKind, _ layout: ParameterRole.Layout,
            flatten: ParameterRole.FlattenOrigin? = nil, multiplier: Int? = nil
        ) -> ParameterRole {
            ParameterRole(
                layer: "l", kind: kind, parameter: .kernel, layout: layout, flatten: flatten,
                depthMultiplier: multiplier)
        }
        #expect(problem([2, 3], nil, to: .keras)?.contains("which layer") == true)
        #expect(
            problem([6, 1, 3, 5], role(.depthwiseConvolution, .pytorch), to: .keras)?
                .contains("multiplier is not known") == true)
        for shape: Shape in [[6, 2, 3, 5], [5, 1, 3, 5]] {
            let found = problem(
                shape, role(.depthwiseConvolution, .pytorch, multiplier: 2), to: .keras)
            #expect(found?.contains("found shape \(shape)") == true)
        }
        let origin = ParameterRole.FlattenOrigin(height: 3, width: 2, channels: 4)
        #expect(
            problem([23, 5], role(.dense, .keras, flatten: origin), to: .pytorch)
                == "tensor 'k': found 23 inputs in shape (23, 5), expected 3 x 2 x 4, "
                + "the image they were flattened from")
        #expect(problem([2, 3, 4], role(.dense, .keras), to: .pytorch) != nil)
        #expect(problem([2, 3], role(.convolution, .keras), to: .pytorch) != nil)
        #expect(
            problem([2, 3], role(.other("GRU"), .keras), to: .pytorch)?.contains("GRU") == true)
        let huge = ParameterRole.FlattenOrigin(height: .max, width: .max, channels: 2)
        #expect(problem([2, 3], role(.dense, .keras, flatten: huge), to: .pytorch) != nil)
    }

    @Test func listedTensorsAreNotConverted() throws {
        var entry = WeightEntry(
            unread: "q", typeName: "Q4_K", shape: [4, 8], byteCount: 18, reason: "is quantised",
            subject: "f")
        entry.role = ParameterRole(
            layer: "q", kind: .dense, parameter: .kernel, layout: .pytorch)
        #expect(throws: InterchangeError.self) { try entry.converted(to: .keras) }
    }
}
