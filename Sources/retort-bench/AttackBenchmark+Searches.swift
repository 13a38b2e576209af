// SPDX-License-Identifier: Apache-2.0

import Interchange
import Robustness
import Tensors
import Training

/// JSMA, DeepFool and C&W on the seed CNN after two epochs of generated digits, in images a second.
/// The weights and images lie in `folder` afterwards, for the peers.
extension AttackBenchmark {
    static let searchedCount = 128

    static func searches(_ folder: String) throws -> [String: Double] {
        let digits = DigitSet(seed: 1, trainCount: 6400, testCount: searchedCount)
        let graph = try Architecture.cnn.graph(imageShape: [1, 28, 28], classCount: 10)
        let recipe = Recipe(epochs: 2, validationFraction: 0)
        let training = try Trainer(graph: graph, recipe: recipe, images: digits.images(of: .train))
            .run()
        guard var tensors = training.snapshot?.parameters else { return [:] }
        let classifier = try Classifier(graph: graph, parameters: tensors, batchSize: 128)
        let test = digits.images(of: .test)
        try write(tensors, test, to: folder)
        // The weights beside a bias that no attack overcomes: every pair of JSMA's budget is chosen,
        // so speeds of a step are compared, not how early each library stops.
        let last = graph.parameters.last { $0.role == .bias }!.name
        tensors[last] = Tensor([1000] + [Float](repeating: 0, count: 9), shape: [10])
        let unbreakable = try Classifier(graph: graph, parameters: tensors, batchSize: 128)
        let zeros = try LabelledImages(
            images: test.images, labels: [Int](repeating: 0, count: test.count), classCount: 10)
        let jsma = try craft("jsma:variant=z,targeted=next", unbreakable, zeros)
        let deepFool = try craft("deepfool", classifier, test)
        let carliniWagner = try craft(
            "cw:steps=100,search=5,c=0.01,learning-rate=0.1", classifier, test)
        return [
            "jsma_images_per_second": Double(jsma.count) / jsma.wallSeconds,
            "deepfool_images_per_second": Double(deepFool.count) / deepFool.wallSeconds,
            "deepfool_mean_l2": meanDistance(deepFool),
            "cw_images_per_second": Double(carliniWagner.count) / carliniWagner.wallSeconds,
            "cw_mean_l2": meanDistance(carliniWagner),
        ]
    }

    private static func craft(
        _ text: String, _ classifier: Classifier, _ images: LabelledImages
    ) throws -> AdversarialResult {
        try AttackSpecification.parse(text).craft(against: classifier, images: images)
    }

    /// Of the rows that were right and are broken.
    private static func meanDistance(_ result: AdversarialResult) -> Double {
        let broken = zip(result.statuses, result.distances).filter { $0.0 == .success }
        return broken.reduce(0) { $0 + $1.1 } / Double(max(broken.count, 1))
    }

    private static func write(
        _ tensors: NamedTensors, _ images: LabelledImages, to folder: String
    ) throws {
        for (index, entry) in tensors.enumerated() {
            try NPY.write(entry.tensor, to: "\(folder)/attacks-\(index).npy")
        }
        let bytes = images.images
        try NPY.write(bytes, to: "\(folder)/attacks-images.npy")
        try NPY.write(
            Tensor(images.labels.map { Float($0) }, shape: [images.count]),
            to: "\(folder)/attacks-labels.npy")
    }
}
