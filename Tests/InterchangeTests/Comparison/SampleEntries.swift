// SPDX-License-Identifier: Apache-2.0

import Tensors

@testable import Interchange

/// Entries made up for a comparison.
enum SampleEntries {
    /// Normal numbers that depend on the seed alone.
    static func tensor(_ shape: Shape, seed: UInt64, scale: Float = 1) -> Tensor {
        var random = RandomStream(seed: seed, purpose: .test)
        return Tensor(
            (0..<shape.elementCount).map { _ in random.normal() * scale }, shape: shape)
    }

    static func entry(_ name: String, _ shape: Shape, seed: UInt64) -> WeightEntry {
        WeightEntry(name: name, tensor: tensor(shape, seed: seed))
    }

    /// The tensor with normal noise of the given size.
    static func nudged(_ tensor: Tensor, by size: Float) throws -> Tensor {
        let noise = Self.tensor(tensor.shape, seed: 99, scale: size)
        return Tensor(
            zip(try tensor.floats(), try noise.floats()).map { $0 + $1 }, shape: tensor.shape)
    }

    static func role(
        _ layer: String, _ kind: ParameterRole.LayerKind,
        _ parameter: ParameterRole.Parameter = .kernel, _ layout: ParameterRole.Layout = .keras,
        flatten: [Int]? = nil
    ) -> ParameterRole {
        ParameterRole(
            layer: layer, kind: kind, parameter: parameter, layout: layout,
            flatten: flatten.map { .init(height: $0[0], width: $0[1], channels: $0[2]) })
    }

    /// A small net as Keras has it, every kernel with another extent on each axis.
    static func kerasNet() -> [WeightEntry] {
        func make(
            _ path: String, _ shape: Shape, _ seed: UInt64, _ role: ParameterRole
        ) -> WeightEntry {
            WeightEntry(name: path, tensor: tensor(shape, seed: seed), role: role)
        }
        return [
            make("layers/conv2d/vars/0", [3, 5, 2, 6], 1, role("conv", .convolution)),
            make("layers/conv2d/vars/1", [6], 2, role("conv", .convolution, .bias)),
            make(
                "layers/depthwise_conv2d/vars/0", [3, 5, 6, 2], 3,
                role("dw", .depthwiseConvolution)),
            make("layers/bn/vars/0", [12], 4, role("bn", .batchNormalization, .scale)),
            make("layers/bn/vars/1", [12], 5, role("bn", .batchNormalization, .shift)),
            make("layers/bn/vars/2", [12], 6, role("bn", .batchNormalization, .movingMean)),
            make("layers/bn/vars/3", [12], 7, role("bn", .batchNormalization, .movingVariance)),
            make(
                "layers/conv2d_transpose/vars/0", [2, 3, 4, 12], 8,
                role("up", .transposedConvolution)),
            make("layers/dense/vars/0", [24, 10], 9, role("fc", .dense, flatten: [3, 2, 4])),
            make("layers/dense/vars/1", [10], 10, role("fc", .dense, .bias)),
        ]
    }

    /// The same net as a PyTorch state dictionary, without roles.
    static func torchNet() throws -> [WeightEntry] {
        try kerasNet().map { entry in
            var moved = try entry.converted(to: .pytorch)
            let role = moved.role!
            moved.name = "\(role.layer).\(role.pytorchName)"
            moved.role = nil
            return moved
        }
    }

    static func replacing(
        _ entries: [WeightEntry], _ name: String, with tensor: Tensor
    ) -> [WeightEntry] {
        entries.map {
            $0.name == name ? WeightEntry(name: name, tensor: tensor, role: $0.role) : $0
        }
    }
}
