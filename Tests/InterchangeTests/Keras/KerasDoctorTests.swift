// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

@Suite struct KerasDoctorTests {
    private func prognosis(_ file: String, for model: String) throws -> KerasDoctor {
        let configuration = try openKeras(model).model?.source
        return try #require(
            KerasDoctor.prognosis(of: try openKeras(file), configuration: configuration))
    }

    @Test(arguments: [
        ("cnn.weights.h5", "cnn.keras"), ("cnn.keras", "cnn.keras"), ("cnn.h5", "cnn.h5"),
        ("cnn-weights.h5", "cnn.keras"), ("residual.weights.h5", "residual.h5"),
        ("residual.h5", "residual.h5"), ("other.weights.h5", "other.h5"), ("other.h5", "other.h5"),
        ("tf-weights.h5", "tf-model.h5"),
    ])
    func filesOfTheModelLoad(file: String, model: String) throws {
        let doctor = try prognosis(file, for: model)
        #expect(doctor.firstMismatch == nil, "\(doctor.lines)")
        #expect(!doctor.lines.isEmpty)
    }

    @Test func theFirstMissingLayerIsNamed() throws {
        let doctor = try prognosis("many.weights.h5", for: "cnn.keras")
        #expect(
            doctor.firstMismatch == "layer 'conv' expects 2 variables (kernel, bias) in"
                + " 'layers/conv2d/vars' and receives 0")
        #expect(doctor.lines.contains { $0.contains("'layers/dense_2' belongs to no layer") })
    }

    @Test func shapesThatDifferAreNamed() throws {
        var configuration = try #require(try openKeras("cnn.keras").model?.source)
        let text = configuration.text().replacing("\"units\":6", with: "\"units\":7")
        configuration = try JSON(parsing: text)
        let doctor = try #require(
            KerasDoctor.prognosis(
                of: try openKeras("cnn.weights.h5"), configuration: configuration))
        #expect(
            doctor.firstMismatch
                == "layer 'hidden': kernel has the shape (20, 6), the model expects (20, 7)")
        let legacy = try #require(
            KerasDoctor.prognosis(of: try openKeras("cnn.h5"), configuration: configuration))
        #expect(legacy.firstMismatch?.contains("kernel has the shape (20, 6)") == true)
    }

    @Test func renamesAreSuggested() throws {
        try withTemporaryDirectory { folder in
            var content = try openKeras("cnn.weights.h5").contents()
            for index in content.entries.indices {
                content.entries[index].name = content.entries[index].name
                    .replacing("layers/dense/", with: "layers/dense_7/")
            }
            let path = folder.appendingPathComponent("x.weights.h5").path
            try WeightFile.write(content, as: .kerasWeights, to: path)
            let doctor = try #require(
                KerasDoctor.prognosis(
                    of: try WeightFile.open(path),
                    configuration: try openKeras("cnn.keras").model?.source))
            #expect(doctor.firstMismatch?.contains("layer 'hidden' expects 2") == true)
            #expect(doctor.renames.map(\.from) == ["layers/dense_7"])
            #expect(doctor.renames.map(\.to) == ["layers/dense"])
        }
    }

    @Test func legacyLayersAreCountedOff() throws {
        let doctor = try prognosis("tf-weights.h5", for: "cnn.h5")
        #expect(doctor.firstMismatch == "the model has 7 layers with weights, the file 3")
    }

    @Test func withoutAConfigurationTheFileIsListed() throws {
        let doctor = try #require(KerasDoctor.prognosis(of: try openKeras("cnn.weights.h5")))
        #expect(doctor.firstMismatch == nil)
        #expect(doctor.lines.contains("layers/dense ('hidden'): (20, 6) (6)"))
        #expect(KerasDoctor.prognosis(of: try openKeras("plain.h5")) == nil)
    }
}
