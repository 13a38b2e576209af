// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Graphs known by name.
public enum Architecture: String, CaseIterable, Sendable {
    /// The founding notes' network: two 3x3 unpadded convolutions (32, 64 filters), each with ReLU
    /// and 2x2 pooling, then 128 hidden units.
    case cnn
    /// Papernot, McDaniel, Wu, Jha and Swami, "Distillation as a defense to adversarial
    /// perturbations against deep neural networks", 2016, table I: 32-32-pool-64-64-pool-200-200.
    case papernotMNIST = "papernot-mnist"
    /// The same table's CIFAR-10 network: 64-64-pool-128-128-pool-256-256.
    case papernotCIFAR10 = "papernot-cifar10"
    /// Two hidden layers of 256 units.
    case mlp
    /// He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2016, section 4.2,
    /// n = 3. Shortcuts that change shape are 1x1 convolutions (the paper's option B).
    case resnet20

    /// The names, for messages and help texts.
    public static var names: [String] { allCases.map(\.rawValue) }

    /// The graph called `name` for images of this shape.
    ///
    /// - Parameters:
    ///   - imageShape: (C, H, W).
    ///   - mean: per channel or one for all; with `deviation`, adds a normalize node.
    /// - Throws: ``TrainingError`` for an unknown name (listing the known ones) or images too small
    ///   for the network.
    public static func graph(
        named name: String, imageShape: Shape, classCount: Int, mean: [Float] = [],
        deviation: [Float] = []
    ) throws(TrainingError) -> Graph {
        guard let architecture = Architecture(rawValue: name) else {
            throw TrainingError(
                "unknown architecture '\(name)'; known are \(names.joined(separator: ", "))")
        }
        return try architecture.graph(
            imageShape: imageShape, classCount: classCount, mean: mean, deviation: deviation)
    }

    /// - Throws: ``TrainingError`` when the images are too small for the network.
    public func graph(
        imageShape: Shape, classCount: Int, mean: [Float] = [], deviation: [Float] = []
    ) throws(TrainingError) -> Graph {
        guard imageShape.rank == 3 else {
            throw TrainingError("images must have shape (C, H, W), found \(imageShape)")
        }
        var stack = LayerStack(imageShape: imageShape)
        if !mean.isEmpty || !deviation.isEmpty {
            stack.add("normalize", .normalize(mean: mean, deviation: deviation))
        }
        switch self {
        case .cnn: stack.addSeedNetwork()
        case .papernotMNIST: stack.addPapernot(filters: [32, 64], units: 200)
        case .papernotCIFAR10: stack.addPapernot(filters: [64, 128], units: 256)
        case .mlp: stack.addPerceptron(units: [256, 256])
        case .resnet20: stack.addResidualNetwork(blocksPerStage: 3)
        }
        stack.addOutput(classCount: classCount)
        return try Graph(nodes: stack.nodes)
    }
}
