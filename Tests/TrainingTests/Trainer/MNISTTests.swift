// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

/// The founding notes' numbers on real data; runs where `RETORT_DATA` names a folder with
/// `mnist/`.
@Suite(.enabled(if: realDataFolder != nil, "RETORT_DATA is not set"), .serialized)
struct MNISTTests {
    @Test func theTeacherAndItsDefensivelyDistilledStudentReachTheFoundingNotesAccuracy() throws {
        let training = try Self.images("train")
        let test = try Self.images("t10k")
        let graph = try Architecture.cnn.graph(imageShape: [1, 28, 28], classCount: 10)
        let temperature = 40.0

        let plain = try Trainer(graph: graph, recipe: Recipe(epochs: 5, seed: 1), images: training)
            .run()
        let plainAccuracy = try Self.accuracy(of: plain, graph, on: test)
        #expect(plainAccuracy >= 0.984)

        let hot = Recipe(epochs: 5, loss: .crossEntropy(temperature: temperature), seed: 1)
        let teacher = try Trainer(graph: graph, recipe: hot, images: training).run()
        let teacherAccuracy = try Self.accuracy(of: teacher, graph, on: test)

        let classifier = try Classifier(
            graph: graph, parameters: #require(teacher.best).parameters, batchSize: 256)
        let cache = try #require(try TeacherLogits(labelling: training, with: classifier))
        let method = DistillationMethod.defensive(temperature: temperature)
        var recipe = method.recipe
        recipe.seed = 2
        let student = try Trainer(
            graph: graph, recipe: recipe, images: training,
            teacher: TeacherTargets(method.targets, caches: [cache], images: training)
        ).run()
        let studentAccuracy = try Self.accuracy(of: student, graph, on: test)
        #expect(studentAccuracy >= 0.971)
        #expect(studentAccuracy >= teacherAccuracy - 0.015)
        let rates = [plain, teacher, student].map { Int($0.imagesPerSecond) }
        print("teacher \(plainAccuracy), at T = 40 \(teacherAccuracy), student \(studentAccuracy)")
        print("images per second \(rates)")
    }

    private static func accuracy(
        of result: TrainingResult, _ graph: Graph, on images: LabelledImages
    ) throws -> Double {
        let best = try #require(result.best)
        return try Classifier(graph: graph, parameters: best.parameters, batchSize: 256)
            .evaluate(on: images).accuracy
    }

    private static func images(_ name: String) throws -> LabelledImages {
        let pixels = try unpacked("\(name)-images-idx3-ubyte.gz").dropFirst(16)
        let labels = try unpacked("\(name)-labels-idx1-ubyte.gz").dropFirst(8)
        return try LabelledImages(
            images: Tensor(trusted: .u8, shape: [labels.count, 1, 28, 28], values: Array(pixels)),
            labels: labels.map(Int.init), classCount: 10)
    }

    private static func unpacked(_ name: String) throws -> [UInt8] {
        let gzip = Process()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        gzip.arguments = ["gzip", "-dc", "\(realDataFolder ?? "")/mnist/\(name)"]
        let output = Pipe()
        gzip.standardOutput = output
        try gzip.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        gzip.waitUntilExit()
        try #require(gzip.terminationStatus == 0, "\(name) cannot be unpacked")
        return Array(bytes)
    }
}
