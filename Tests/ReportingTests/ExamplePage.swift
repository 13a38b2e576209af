// SPDX-License-Identifier: Apache-2.0

import Reporting
import Tensors

/// A report with every kind of block in it and numbers like a real one's.
enum ExamplePage {
    static let evil = "<script>alert('x')</script>&\"\u{1B}[31m\u{202E}"

    static func estimate(_ value: Double, _ half: Double = 0.012) -> Estimate {
        Estimate(value, lower: max(0, value - half), upper: min(1, value + half))
    }

    static let training = LineChart(
        "Training: loss", xAxis: Axis("epoch", format: .integer),
        yAxis: Axis("cross-entropy"),
        series: [
            .init("teacher", [(1, 0.61), (2, 0.35), (3, 0.28), (4, 0.24), (5, 0.21)].map(point)),
            .init(
                "teacher-T40", [(1, 0.72), (2, 0.42), (3, 0.33), (4, 0.27), (5, 0.25)].map(point)),
            .init(
                "student-T40", [(1, 0.9), (2, 0.47), (3, 0.39), (4, 0.36), (5, 0.33)].map(point)),
        ])

    static let accuracy = LineChart(
        "Accuracy against epsilon", xAxis: Axis("epsilon (l∞, pixels in [0, 1])"),
        yAxis: Axis("accuracy", format: .percent, range: 0...1),
        series: [
            .init("student-T40, PGD on CE", curve(0.9, 0.6)),
            .init("student-T40, PGD on log-odds", curve(0.9, 18)),
            .init("teacher, PGD on CE", curve(0.91, 17), isDashed: true),
        ], baselines: [.init("chance", y: 0.1)])

    static let temperatures = LineChart(
        "JSMA success against temperature",
        xAxis: Axis("distillation temperature", scale: .logarithmic),
        yAxis: Axis("success rate", format: .percent),
        series: [
            .init(
                "as published",
                [
                    (1, 0.91), (2, 0.82), (5, 0.2467), (10, 0.066), (20, 0.0134), (30, 0.0144),
                    (40, 0.0101), (50, 0.0080), (100, 0.0045),
                ].map(point)),
            .init(
                "on logits", [(1, 0.91), (5, 0.92), (20, 0.91), (100, 0.956)].map(point)),
        ], baselines: [.init("undistilled 95.89 %", y: 0.9589)])

    static let bars = BarChart(
        "CE beside log-odds, epsilon 0.1", axis: Axis("accuracy under attack", format: .percent),
        seriesNames: ["gradient of CE", "gradient of log-odds"],
        groups: [
            .init("teacher, FGSM", [estimate(0.231), estimate(0.229)]),
            .init("teacher, PGD-40", [estimate(0.042), estimate(0.041)]),
            .init("student-T40, FGSM", [estimate(0.83), estimate(0.12)]),
            .init("student-T40, PGD-40", [estimate(0.81), estimate(0.003, 0.002)]),
            .init("student with a long name from a file \(evil)", [nil, estimate(0.5)]),
        ])

    static let confusion: HeatMap = {
        let names = [
            "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
            "Bag", "Ankle boot",
        ]
        var values: [[Double?]] = []
        for row in 0..<10 {
            values.append(
                (0..<10).map { (column: Int) -> Double? in
                    let spill = Double((row * 7 + column * 3) % 10) / 90
                    return row == column ? 0.9 - 0.03 * Double(row) : spill
                })
        }
        return HeatMap(
            "Where adversarial images go", rowAxis: "true class", columnAxis: "predicted",
            rowNames: names, columnNames: names, values: values, fullScale: 1)
    }()

    static let transfer = HeatMap(
        "Transfer: accuracy of each model on each set", rowAxis: "made on", columnAxis: "judged by",
        rowNames: ["teacher", "teacher-T40", "student"],
        columnNames: ["teacher", "teacher-T40", "student"],
        values: [[0.02, 0.41, 0.45], [0.52, 0.01, 0.38], [0.47, 0.33, nil]], fullScale: 1)

    static let lineage: LineageGraph = {
        typealias Node = LineageGraph.Node
        typealias Edge = LineageGraph.Edge
        var nodes = [
            Node(id: "d", title: "fashion-mnist", detail: "60,000 + 10,000 images", kind: .data),
            Node(id: "t", title: "teacher", detail: "90.8 %  1f0c9a2b77de", kind: .checkpoint),
            Node(
                id: "t40", title: "teacher-T40", detail: "90.1 %  8812cc01ab34", kind: .checkpoint),
            Node(id: "l", title: "teacher-T40-logits", detail: "T free, f16", kind: .softLabels),
            Node(id: "s", title: "student-T40", detail: "89.9 %  77ab10f2cd90", kind: .checkpoint),
        ]
        var edges = [
            Edge(from: "d", to: "t"), Edge(from: "d", to: "t40"), Edge(from: "t40", to: "l"),
            Edge(from: "d", to: "l"), Edge(from: "l", to: "s"), Edge(from: "d", to: "s"),
        ]
        for model in ["t", "t40", "s"] {
            for attack in ["fgsm-ce", "pgd-ce", "pgd-log-odds"] {
                let id = "\(model)-\(attack)"
                nodes.append(
                    Node(id: id, title: attack, detail: "1,000 rows, ε 0.1", kind: .adversarialSet))
                edges.append(Edge(from: model, to: id))
            }
        }
        return LineageGraph("Lineage", nodes: nodes, edges: edges)
    }()

    static func strips() -> [ImageStrip] {
        (0..<4).map { sample in
            var clean = [Float](repeating: 0, count: 784)
            var changed = clean
            var random = RandomStream(seed: 3, purpose: .test, row: UInt64(sample))
            for y in 0..<28 {
                for x in 0..<28 {
                    let (dx, dy) = (Float(x) - 13.5, Float(y) - 13.5)
                    let ring = 1 - abs((dx * dx + dy * dy).squareRoot() - 6 - Float(sample)) / 2
                    clean[y * 28 + x] = max(0, ring)
                    let step: Float = random.uniform() < 0.5 ? -0.1 : 0.1
                    changed[y * 28 + x] = min(1, max(0, clean[y * 28 + x] + step))
                }
            }
            return ImageStrip(
                clean: clean, adversarial: changed, shape: [1, 28, 28],
                before: .init("0", confidence: 0.998), after: .init("9", confidence: 0.971))
        }
    }

    static let table = HTMLTable(
        columns: [
            .init("checkpoint"), .init("set"), .init("access"), .init("rows", .right),
            .init("clean", .right), .init("adversarial", .right),
        ],
        rows: [
            ["PGD-40 on CE"],
            [
                "teacher", "teacher-pgd-ce", "white-box", "1,000", .init(estimate(0.908)),
                .init(estimate(0.042), mood: .bad),
            ],
            [
                "student-T40", "student-pgd-ce", "white-box", "1,000", .init(estimate(0.899)),
                .init(estimate(0.81), mood: .good),
            ],
            ["PGD-40 on log-odds"],
            [
                .init("student-T40", detail: "77ab10f2cd90"), .init(evil), "transfer", "1,000",
                .init(estimate(0.899)), .init(estimate(0.003, 0.002), mood: .bad),
            ],
        ], caption: "Accuracy with Wilson 95 % intervals")

    static let page = HTMLPage(
        "Retort report: demo.retort",
        subtitle: "Fashion-MNIST, seed CNN, 3 checkpoints, 9 adversarial sets. " + "Made offline.",
        sections: [
            .init(
                "In short",
                [
                    .tiles([
                        .init("teacher, clean", "90.8 %", detail: "[90.2, 91.4], 10,000 images"),
                        .init("student, clean", "89.9 %", detail: "[89.3, 90.5]"),
                        .init("student, PGD on CE", "81.0 %", detail: "looks like a defence"),
                        .init("student, PGD on log-odds", "0.3 %", detail: "and is not one"),
                    ]),
                    .warning(
                        "On " + .strong("98 %") + " of the rows the CE gradient of "
                            + .code("student-T40") + " is exactly zero: the attack had nothing to"
                            + " follow. Log-odds has the same direction and never vanishes."),
                    .paragraph(RichText("A name from a file: ") + .code(evil)),
                ]),
            .init("Lineage", [.figure([lineage], caption: "What was made from what.")]),
            .init(
                "Training",
                [
                    .figure(
                        [training.halfPage, temperatures.halfPage],
                        caption: "Each epoch's mean loss, and success against temperature.")
                ]),
            .init(
                "Accuracy",
                [
                    .table(table),
                    .figure(
                        [accuracy],
                        caption: "Bands are 95 % intervals; dashed curves are undistilled."),
                    .figure([bars], caption: "The same models, two gradients."),
                    .figure([confusion, transfer], caption: "Matrices."),
                ]),
            .init(
                "Distributions",
                [
                    .figure([ExampleCharts.distances], caption: "Ticks are rows nobody broke."),
                    .figure(
                        [ExampleCharts.gaps, ExampleCharts.amplitudes],
                        caption: "Gaps and gradients by temperature."),
                    .figure(
                        [ExampleCharts.waterfall, ExampleCharts.confidence],
                        caption: "What is left, and how sure the models are."),
                    .figure(
                        [ExampleCharts.sizes, ExampleCharts.darkKnowledge],
                        caption: "Size, and what a teacher knows."),
                    .table(ExampleCharts.checklist),
                ]),
            .init(
                "Targets",
                [
                    .figure(
                        [ExampleCharts.grid, ExampleCharts.success], caption: "Source and target.")
                ]),
            .init("Pictures", [.strips(strips(), caption: "Middle grey means unchanged.")]),
            .init(
                "How it was made",
                [
                    .facts([
                        ("attack", "PGD, 40 steps of 0.01"), ("norm", "l∞, epsilon 26/255"),
                        ("seed", "7"),
                    ]),
                    .list(["one thing", "another " + .strong("thing")]),
                    .verbatim("retort evaluate --store demo.retort --json"),
                    .folded("Recipe", [.verbatim("{\"epochs\": 5}")]),
                ]),
        ], footer: "Written by retort from demo.retort.")

    private static func point(_ pair: (Double, Double)) -> LineChart.Point {
        .init(x: pair.0, y: pair.1)
    }

    private static func curve(_ clean: Double, _ slope: Double) -> [LineChart.Point] {
        [0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.2, 0.3].map { epsilon in
            .init(x: epsilon, estimate(clean / (1 + slope * slope * epsilon * epsilon * 4), 0.02))
        }
    }
}
