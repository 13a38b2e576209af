// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

extension RandomStream.Purpose {
    /// Starting points of the perturbations that a model is trained on.
    static let trainingStart = RandomStream.Purpose(rawValue: 60)
}

/// Projected gradient descent as adversarial training uses it: every row takes every step, and what
/// it learns from is where the last step ends (Madry et al., 2018, section 4; their MNIST setting is
/// `pgd:epsilon=0.3,step=0.01,steps=40`, their CIFAR-10 setting `pgd:epsilon=8/255,step=2/255,
/// steps=7`).
///
/// The steps are those of ``ProjectedGradientDescent`` with `keep=last`; without a random start the
/// images are the same, bit for bit. Starting points are keyed by (seed, epoch, row), so that a
/// resumed run sees those of the undisturbed one.
public struct GradientPerturbation: BatchPerturbation {
    /// What may be set: of an attack's keys those that make sense for a training batch, and one
    /// more.
    public static let keys =
        ProjectedGradientDescent.keys.filter {
            ["epsilon", "norm", "steps", "step", "start", "loss"].contains($0.name)
        } + [
            AttackKey(
                "warm-up", "epochs in which epsilon and step grow in equal parts to full size (0)")
        ]

    private let attack: ProjectedGradientDescent
    private let warmUp: Int
    /// The ball and the step of each epoch of the warm-up, then those of all others.
    private let sizes: [(ball: NormBall, step: ExactFraction)]

    /// Reads `pgd:epsilon=0.3,step=0.01,steps=40`.
    ///
    /// - Throws: ``RobustnessError`` for another attack, a key that is none of ``keys``, and as
    ///   ``ProjectedGradientDescent`` does.
    public init(parsing text: String) throws(RobustnessError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.first.map(String.init) ?? ""
        guard name == ProjectedGradientDescent.name else {
            throw RobustnessError(
                .specification,
                "models are trained on perturbations by pgd, for example pgd:epsilon=0.3,step=0.01,steps=40; found '\(text)'"
            )
        }
        let arguments = try AttackArguments(
            attack: name, keys: Self.keys, text: parts.count == 2 ? parts[1] : "")
        let attack = try ProjectedGradientDescent(arguments: arguments)
        warmUp = try arguments.integer("warm-up", default: 0, in: 0...1000)
        var sizes: [(ball: NormBall, step: ExactFraction)] = []
        for part in 1...(warmUp + 1) {
            let epsilon = try attack.ball.epsilon.scaled(by: part, over: warmUp + 1)
            sizes.append(
                (
                    NormBall(norm: attack.ball.norm, epsilon: epsilon),
                    try attack.step.scaled(by: part, over: warmUp + 1)
                ))
        }
        self.attack = attack
        self.sizes = sizes
    }

    private var parameters: [AttackParameter] {
        let names = Self.keys.map(\.name)
        return attack.parameters.filter { names.contains($0.key) }
            + [AttackParameter("warm-up", warmUp)]
    }

    /// `pgd:key=value,...` with every effective parameter; parses back to the same perturbation.
    public var canonicalText: String {
        ProjectedGradientDescent.name + ":"
            + parameters.map { "\($0.key)=\($0.text)" }.joined(separator: ",")
    }

    public var json: JSON {
        let members = parameters.map { ($0.key, $0.json) }
        return [
            "name": .string(ProjectedGradientDescent.name), "text": .string(canonicalText),
            "parameters": .object(Dictionary(members) { _, last in last }),
            "keep": .string(AttackKeep.last.rawValue),
        ]
    }

    public func perturb(
        _ pixels: UnsafeMutableBufferPointer<Float>, labels: [Int32], rowKeys: [UInt64],
        epoch: Int?, seed: UInt64, against model: any DifferentiableClassifier
    ) throws(TrainingError) {
        let (rows, size, classes) = (
            labels.count, model.imageShape.elementCount, model.classCount
        )
        guard rows > 0, pixels.count >= rows * size, let points = pixels.baseAddress else { return }
        let (ball, step) = sizes[min(epoch ?? warmUp, warmUp)]
        let batch = PerturbedBatch(
            PixelBall(ball, step: step, count: size), loss: attack.loss, points: points,
            labels: labels, classCount: classes)
        if attack.startsRandomly { batch.start(seed: seed, epoch: epoch, rowKeys: rowKeys) }
        let gradient = FloatBuffer(count: rows * size)
        let logits = FloatBuffer(count: rows * classes)
        for _ in 0..<attack.steps {
            try model.inputGradient(
                of: UnsafeBufferPointer(start: points, count: rows * size), count: rows,
                into: gradient.values, logits: logits.values
            ) { batch.writeSeeds(logits: $0, into: $1) }
            batch.advance(along: gradient)
        }
    }
}

/// The rows of one batch on their way.
private final class PerturbedBatch {
    private let ball: PixelBall
    private let loss: AttackLoss
    private let points: UnsafeMutablePointer<Float>
    private let labels: [Int32]
    private let classCount: Int
    private let clean: FloatBuffer
    private let rows: [Row]

    /// One image, which only the thread that has its row touches.
    private final class Row {
        let bounds: [Float]
        var image: [Float]

        init(bounds: [Float], image: [Float]) {
            (self.bounds, self.image) = (bounds, image)
        }
    }

    /// - Parameter points: (rows, C, H, W), the clean images; overwritten with where the rows are.
    init(
        _ ball: PixelBall, loss: AttackLoss, points: UnsafeMutablePointer<Float>, labels: [Int32],
        classCount: Int
    ) {
        let size = ball.count
        let clean = FloatBuffer(count: labels.count * size)
        clean.pointer(at: 0).update(from: points, count: labels.count * size)
        rows = labels.indices.map { row in
            let start = clean.pointer(at: row * size)
            return Row(
                bounds: ball.bounds(around: start),
                image: Array(UnsafeBufferPointer(start: start, count: size)))
        }
        (self.ball, self.loss, self.clean, self.points) = (ball, loss, clean, points)
        (self.labels, self.classCount) = (labels, classCount)
    }

    /// Moves every row to its starting point.
    func start(seed: UInt64, epoch: Int?, rowKeys: [UInt64]) {
        // Row numbers stay below 2^40, so every (epoch, row) has a stream of its own; validation has
        // the last.
        let pass = UInt64(epoch ?? 1 << 24 - 1) << 40
        eachRow { index, row, clean in
            var stream = RandomStream(
                seed: seed, purpose: .trainingStart, row: pass | rowKeys[index])
            self.ball.writeStart(
                around: clean, bounds: row.bounds, stream: &stream, into: &row.image)
        }
    }

    /// Takes one step of every row; one whose gradient is zero stays where it is.
    func advance(along gradient: FloatBuffer) {
        eachRow { index, row, clean in
            _ = self.ball.advance(
                &row.image, along: gradient.pointer(at: index * self.ball.count), around: clean,
                bounds: row.bounds)
        }
    }

    func writeSeeds(
        logits: UnsafeBufferPointer<Float>, into seeds: UnsafeMutableBufferPointer<Float>
    ) {
        guard let values = logits.baseAddress, let slopes = seeds.baseAddress else { return }
        for (row, label) in labels.enumerated() {
            let label = Int(label)
            loss.gradient(
                of: values + row * classCount, classCount: classCount,
                goal: AttackGoal(reference: label, isTargeted: false, label: label),
                into: slopes + row * classCount)
        }
    }

    /// Changes all rows side by side and copies them to where the model reads them.
    private func eachRow(_ change: (Int, Row, UnsafePointer<Float>) -> Void) {
        withoutActuallyEscaping(change) { change in
            nonisolated(unsafe) let (batch, change) = (self, change)
            forEachRowConcurrently(batch.rows.count, run: 16) { index in
                let row = batch.rows[index]
                let offset = index * batch.ball.count
                change(index, row, UnsafePointer(batch.clean.pointer(at: offset)))
                row.image.withUnsafeBufferPointer { image in
                    (batch.points + offset).update(
                        from: image.baseAddress.unsafelyUnwrapped, count: image.count)
                }
            }
        }
    }
}
