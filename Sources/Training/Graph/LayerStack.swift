// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Writes the nodes of the named architectures, numbering layers as PyTorch models do.
struct LayerStack {
    private(set) var nodes: [Graph.Node]
    private var counts: [String: Int] = [:]
    /// The name of the classifying layer: numbered with the dense layers before it, if any.
    private var hasHiddenUnits = false

    init(imageShape: Shape) {
        nodes = [Graph.Node("input", .input(shape: imageShape))]
    }

    mutating func add(_ name: String, _ operation: Operation, inputs: [String] = []) {
        nodes.append(Graph.Node(name, operation, inputs: inputs))
    }

    /// Adds a node called `kind` and its number: conv1, conv2.
    private mutating func addNumbered(_ kind: String, _ operation: Operation) {
        counts[kind, default: 0] += 1
        add("\(kind)\(counts[kind, default: 0])", operation)
    }

    private mutating func addConvolution(filters: Int) {
        addNumbered(
            "conv", .convolution(Convolution(filters: filters, window: Window(kernel: Extent(3)))))
        addNumbered("relu", .activation(.relu))
    }

    private mutating func addPool() {
        addNumbered("pool", .maxPool(Window(kernel: Extent(2), stride: Extent(2))))
    }

    private mutating func addDense(_ units: Int) {
        addNumbered("fc", .dense(units: units, bias: true))
        addNumbered("relu", .activation(.relu))
        hasHiddenUnits = true
    }

    mutating func addSeedNetwork() {
        for filters in [32, 64] {
            addConvolution(filters: filters)
            addPool()
        }
        add("flatten", .flatten)
        addDense(128)
    }

    mutating func addPapernot(filters: [Int], units: Int) {
        for filters in filters {
            addConvolution(filters: filters)
            addConvolution(filters: filters)
            addPool()
        }
        add("flatten", .flatten)
        addDense(units)
        add("dropout", .dropout(rate: 0.5))
        addDense(units)
    }

    mutating func addPerceptron(units: [Int]) {
        add("flatten", .flatten)
        for units in units { addDense(units) }
    }

    mutating func addOutput(classCount: Int) {
        let output = Operation.dense(units: classCount, bias: true)
        if hasHiddenUnits { addNumbered("fc", output) } else { add("fc", output) }
    }

    mutating func addResidualNetwork(blocksPerStage: Int) {
        addNormalised("conv1", "bn1", filters: 16, kernel: 3, stride: 1)
        add("relu1", .activation(.relu))
        var channels = 16
        for (stage, filters) in [16, 32, 64].enumerated() {
            for block in 0..<blocksPerStage {
                addResidualBlock(
                    "layer\(stage + 1).\(block)", filters: filters,
                    stride: stage > 0 && block == 0 ? 2 : 1, channels: channels)
                channels = filters
            }
        }
        add("pool", .globalAveragePool)
        add("flatten", .flatten)
    }

    private mutating func addResidualBlock(
        _ name: String, filters: Int, stride: Int, channels: Int
    ) {
        let source = nodes[nodes.count - 1].name
        addNormalised("\(name).conv1", "\(name).bn1", filters: filters, kernel: 3, stride: stride)
        add("\(name).relu1", .activation(.relu))
        addNormalised("\(name).conv2", "\(name).bn2", filters: filters, kernel: 3, stride: 1)
        var shortcut = source
        if stride != 1 || channels != filters {
            shortcut = "\(name).downsample.1"
            addNormalised(
                "\(name).downsample.0", shortcut, filters: filters, kernel: 1, stride: stride,
                input: source)
        }
        add("\(name).add", .add, inputs: ["\(name).bn2", shortcut])
        add("\(name).relu2", .activation(.relu))
    }

    /// A convolution without bias, padded to keep the size at stride 1, and its batch norm.
    private mutating func addNormalised(
        _ convolution: String, _ normalisation: String, filters: Int, kernel: Int, stride: Int,
        input: String? = nil
    ) {
        let window = Window(
            kernel: Extent(kernel), stride: Extent(stride), padding: Extent(kernel / 2))
        add(
            convolution,
            .convolution(Convolution(filters: filters, window: window, bias: false)),
            inputs: input.map { [$0] } ?? [])
        add(normalisation, .batchNormalization(epsilon: 1e-5, momentum: 0.1))
    }
}
