// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing
import Training

struct GraphTests {
    @Test func inputsDefaultToTheNodeBefore() throws {
        let graph = try Graph(
            parsing: """
                {"nodes": [{"name": "x", "op": "input", "attributes": {"shape": [1, 8, 6]}},
                 {"name": "a", "op": "conv2d", "attributes": {"filters": 4, "kernel": [3, 2]}},
                 {"name": "b", "op": "relu"},
                 {"name": "c", "op": "add", "inputs": ["a", "b"]},
                 {"name": "d", "op": "max_pool", "attributes": {"kernel": 2}},
                 {"name": "e", "op": "flatten"}]}
                """)
        #expect(graph.nodes.map(\.inputs) == [[], ["x"], ["a"], ["a", "b"], ["c"], ["d"]])
        #expect(graph.shapes == [[1, 8, 6], [4, 6, 5], [4, 6, 5], [4, 6, 5], [4, 3, 2], [24]])
        #expect(graph.inputShape == [1, 8, 6])
        #expect(graph.classCount == 24)
        #expect(graph.shape(of: "d") == [4, 3, 2])
        #expect(graph.shape(of: "nothing") == nil)
    }

    @Test(arguments: Architecture.allCases)
    func canonicalFormReadsBackToTheSameGraphAndText(_ architecture: Architecture) throws {
        let graph = try architecture.graph(
            imageShape: [3, 32, 32], classCount: 10, mean: [0.4914, 0.4822, 0.4465],
            deviation: [0.2])
        let text = graph.json.text()
        let again = try Graph(parsing: text)
        #expect(again == graph)
        #expect(again.json.text() == text)
    }

    @Test func canonicalFormDoesNotDependOnWhatWasSpelledOut() throws {
        let short = try Graph(
            parsing: """
                {"nodes": [{"name": "x", "op": "input", "attributes": {"shape": [3]}},
                 {"name": "fc", "op": "dense", "attributes": {"units": 2}}]}
                """)
        let long = try Graph(
            parsing: """
                {"nodes": [{"attributes": {"shape": [3]}, "op": "input", "inputs": [], "name": "x"},
                 {"name": "fc", "op": "dense", "inputs": ["x"],
                  "attributes": {"bias": true, "units": 2.0}}]}
                """)
        #expect(short.json.text() == long.json.text())
        #expect(
            short.json.text() == #"{"nodes":[{"attributes":{"shape":[3]},"name":"x","op":"input"},"#
                + #"{"attributes":{"bias":true,"units":2},"name":"fc","op":"dense"}]}"#)
    }

    @Test(
        arguments: zip(
            ["1", "[1,1]", "[1,2]", "[1,1,1,1]", "[1,2,1,2]", "[0,1,2,3]"],
            ["[1,1]", "[1,1]", "[1,2]", "[1,1]", "[1,2]", "[0,1,2,3]"]))
    func paddingIsWrittenInTheFewestNumbers(_ given: String, _ canonical: String) throws {
        func text(_ padding: String) -> String {
            #"{"nodes":[{"attributes":{"shape":[1,5,4]},"name":"x","op":"input"},"#
                + #"{"attributes":{"bias":true,"filters":2,"groups":1,"kernel":[2,3],"padding":"#
                + padding + #","stride":[2,1]},"name":"c","op":"conv2d"},"#
                + #"{"name":"f","op":"flatten"}]}"#
        }
        #expect(try Graph(parsing: text(given)).json.text() == text(canonical))
    }

    @Test func paddingOfFourSidesCountsInTheShape() throws {
        let graph = try Graph(
            parsing: """
                {"nodes": [{"name": "x", "op": "input", "attributes": {"shape": [1, 6, 7]}},
                 {"name": "a", "op": "conv2d",
                  "attributes": {"filters": 4, "kernel": 3, "stride": 2, "padding": [0, 1, 1, 2]}},
                 {"name": "b", "op": "max_pool",
                  "attributes": {"kernel": 2, "padding": [1, 0, 0, 1], "stride": 1}},
                 {"name": "e", "op": "flatten"}]}
                """)
        #expect(graph.shapes == [[1, 6, 7], [4, 3, 4], [4, 3, 4], [48]])
    }

    @Test func parametersHavePyTorchsNamesShapesAndAxes() throws {
        let graph = try Graph(nodes: [
            Graph.Node("input", .input(shape: [4, 8, 8])),
            Graph.Node(
                "conv1",
                .convolution(
                    Convolution(filters: 6, window: Window(kernel: Extent(3, 5)), groups: 2))),
            Graph.Node("bn1", .batchNormalization(epsilon: 1e-5, momentum: 0.1)),
            Graph.Node("flatten", .flatten),
            Graph.Node("fc1", .dense(units: 7, bias: false)),
        ])
        let found = graph.parameters.map { "\($0.name) \($0.shape) \($0.axes) \($0.isTrainable)" }
        #expect(
            found == [
                "conv1/weight (6, 2, 3, 5) OIHW true", "conv1/bias (6) O true",
                "bn1/weight (6) C true", "bn1/bias (6) C true",
                "bn1/running_mean (6) C false", "bn1/running_var (6) C false",
                "fc1/weight (7, 144) OI true",
            ])
    }
}

/// Wrong graphs: each message names the node, what was found and what was expected.
struct GraphValidationTests {
    struct Wrong: CustomTestStringConvertible {
        let nodes: String
        let message: String
        var testDescription: String { message }
    }

    private static let image = #"{"name":"x","op":"input","attributes":{"shape":[3,8,8]}}"#
    private static let vector = #"{"name":"x","op":"input","attributes":{"shape":[5]}}"#

    static let wrong = [
        Wrong(nodes: "", message: "a graph begins with an 'input' node"),
        Wrong(nodes: vector, message: "a graph needs a node after its input"),
        Wrong(
            nodes: vector + #",{"name":"a/b","op":"relu"}"#,
            message: "node 1: 'a/b' is not a name; letters, digits, '.', '_' and '-' are"),
        Wrong(
            nodes: vector + #",{"name":"x","op":"relu"}"#,
            message: "node 'x' (relu): the name stands twice"),
        Wrong(
            nodes: vector + #",{"name":"a","op":"relu","inputs":["b"]}"#,
            message: "node 'a' (relu): its input 'b' is not a node before it"),
        Wrong(
            nodes: vector + #",{"name":"a","op":"relu","inputs":["x","x"]}"#,
            message: "node 'a' (relu): takes 1 inputs, found 2"),
        Wrong(
            nodes: vector + #",{"name":"a","op":"add"}"#,
            message: "node 'a' (add): takes 2 or more inputs, found 0"),
        Wrong(
            nodes: vector + #",{"name":"y","op":"input","attributes":{"shape":[5]}}"#,
            message: "node 'y' (input): only the first node is an input"),
        Wrong(
            nodes: vector + #",{"name":"a","op":"relu"},{"name":"b","op":"tanh","inputs":["x"]}"#,
            message: "node 'a' (relu): nothing uses its output"),
        Wrong(
            nodes: image + #",{"name":"a","op":"relu"}"#,
            message:
                "node 'a' (relu): the last node gives the logits, (classes), found (3, 8, 8)"),
        Wrong(
            nodes: image + #",{"name":"fc","op":"dense","attributes":{"units":2}}"#,
            message: "node 'fc' (dense): takes (features), found (3, 8, 8); flatten it first"),
        Wrong(
            nodes: vector + #",{"name":"c","op":"conv2d","attributes":{"filters":2,"kernel":1}}"#,
            message: "node 'c' (conv2d): takes (C, H, W), found (5)"),
        Wrong(
            nodes: image
                + #",{"name":"c","op":"conv2d","attributes":{"filters":2,"kernel":[9,3]}}"#,
            message:
                "node 'c' (conv2d): the kernel (9, 3) does not fit in an image of (8, 8) pixels, padding included"
        ),
        Wrong(
            nodes: image
                + #",{"name":"c","op":"conv2d","attributes":{"filters":4,"kernel":3,"groups":2}}"#,
            message:
                "node 'c' (conv2d): groups 2 must divide the 3 channels of its input (3, 8, 8) and its 4 filters"
        ),
        Wrong(
            nodes: image
                + #",{"name":"c","op":"conv2d","attributes":{"filters":4,"kernel":3,"strides":2}}"#,
            message:
                "node 'c' (conv2d): unknown attribute 'strides'; it has filters, kernel, stride, padding, groups, bias"
        ),
        Wrong(
            nodes: image + #",{"name":"c","op":"conv2d","attributes":{"kernel":3}}"#,
            message: "node 'c' (conv2d): the attribute 'filters' is missing"),
        Wrong(
            nodes: image
                + #",{"name":"c","op":"conv2d","attributes":{"filters":4,"kernel":3,"stride":0}}"#,
            message: "node 'c' (conv2d): stride must lie between 1 and 65536, found (0, 0)"),
        Wrong(
            nodes: image + #",{"name":"p","op":"max_pool","attributes":{"kernel":2,"padding":2}}"#,
            message: "node 'p' (max_pool): padding (2, 2) is more than half the kernel (2, 2)"),
        Wrong(
            nodes: image
                + #",{"name":"p","op":"max_pool","attributes":{"kernel":2,"padding":[0,0,2,1]}}"#,
            message:
                "node 'p' (max_pool): padding (0, 0, 2, 1) is more than half the kernel (2, 2)"),
        Wrong(
            nodes: image
                + #",{"name":"p","op":"avg_pool","attributes":{"kernel":2,"padding":[1,1,1]}}"#,
            message:
                "node 'p' (avg_pool): 'padding' must be an integer, [height, width] or [top, left, bottom, right], found [1,1,1]"
        ),
        Wrong(
            nodes: image
                + #",{"name":"c","op":"conv2d","attributes":{"filters":1,"kernel":3,"padding":[0,0,-1,0]}}"#,
            message:
                "node 'c' (conv2d): padding must lie between 0 and 65536, found (0, 0, -1, 0)"),
        Wrong(
            nodes: vector + #",{"name":"a","op":"softmax"}"#,
            message:
                "node 'a' (softmax): unknown op 'softmax'; known are input, normalize, conv2d, dense, batch_norm, relu, leaky_relu, tanh, sigmoid, max_pool, avg_pool, global_avg_pool, flatten, dropout, add, concat"
        ),
        Wrong(
            nodes: image
                + #",{"name":"n","op":"normalize","attributes":{"mean":[0.1,0.2],"std":1}}"#,
            message: "node 'n' (normalize): mean has 2 values for an input of 3 channels"),
        Wrong(
            nodes: image + #",{"name":"n","op":"normalize","attributes":{"mean":0,"std":0}}"#,
            message: "node 'n' (normalize): mean must be finite and std positive"),
        Wrong(
            nodes: image + #",{"name":"d","op":"dropout","attributes":{"rate":1}}"#,
            message: "node 'd' (dropout): rate must lie in [0, 1), found 1.0"),
        Wrong(
            nodes: image
                + #",{"name":"p","op":"max_pool","attributes":{"kernel":2}},{"name":"s","op":"add","inputs":["x","p"]}"#,
            message: "node 's' (add): its inputs have different shapes: (3, 8, 8), (3, 4, 4)"),
        Wrong(
            nodes: image
                + #",{"name":"p","op":"max_pool","attributes":{"kernel":2}},{"name":"s","op":"concat","inputs":["x","p"]}"#,
            message:
                "node 's' (concat): its inputs differ beyond the first axis: (3, 8, 8), (3, 4, 4)"
        ),
        Wrong(
            nodes: image
                + #",{"name":"c","op":"conv2d","attributes":{"filters":16777216,"kernel":[60000,60000],"padding":60000}}"#,
            message: "node 'c' (conv2d): its weights would have more than 2147483648 elements"),
        Wrong(
            nodes: #"{"name":"x","op":"input","attributes":{"shape":[9223372036854775807,3]}}"#,
            message:
                "node 'x' (input): shape (9223372036854775807, 3) has more elements than fit in 64 bits"
        ),
        Wrong(
            nodes: #"{"name":"x","op":"input","attributes":{"shape":[70000,70000,3]}}"#,
            message: "node 'x' (input): its output (70000, 70000, 3) is too large for one image"),
        Wrong(
            nodes: #"{"name":"x","op":"input","attribute":{}}"#,
            message: "node 'x': unknown member 'attribute'"),
        Wrong(nodes: #"{"op":"input"}"#, message: "node 0: expected an object with a 'name'"),
    ]

    @Test(arguments: wrong)
    func wrongGraphsAreRefusedWithTheReason(_ wrong: Wrong) throws {
        let error = try #require(throws: TrainingError.self) {
            try Graph(parsing: #"{"nodes":["# + wrong.nodes + "]}")
        }
        #expect(error.description == wrong.message)
    }

    @Test(arguments: ["[]", "{}", #"{"nodes":{}}"#, #"{"nodes":[],"more":1}"#, "{"])
    func textsOfOtherFormsAreRefused(_ text: String) {
        #expect(throws: TrainingError.self) { try Graph(parsing: text) }
    }
}
