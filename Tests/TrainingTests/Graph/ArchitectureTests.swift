// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing
import Training

struct ArchitectureTests {
    /// Parameter counts of the published networks: the founding notes' CNN in Keras, Papernot's
    /// table I, He et al. section 4.2 (269,722) plus 2,752 for two 1x1 shortcuts.
    @Test(arguments: zip(Architecture.allCases, [225_034, 312_202, 1_147_978, 269_322, 272_474]))
    func parameterCountsAreThePublishedOnes(_ architecture: Architecture, count: Int) throws {
        let shape: Shape =
            architecture == .papernotCIFAR10 || architecture == .resnet20
            ? [3, 32, 32] : [1, 28, 28]
        let graph = try architecture.graph(imageShape: shape, classCount: 10)
        let trainable = graph.parameters.filter(\.isTrainable)
        #expect(trainable.reduce(0) { $0 + $1.shape.elementCount } == count)
    }

    @Test(arguments: Architecture.allCases)
    func everyArchitectureTakesBothImageShapes(_ architecture: Architecture) throws {
        for shape: Shape in [[1, 28, 28], [3, 32, 32]] {
            let graph = try architecture.graph(imageShape: shape, classCount: 7)
            #expect(graph.inputShape == shape)
            #expect(graph.classCount == 7)
        }
    }

    @Test func unknownNamesListTheKnownOnes() throws {
        let error = try #require(throws: TrainingError.self) {
            try Architecture.graph(named: "vgg", imageShape: [1, 28, 28], classCount: 10)
        }
        #expect(
            error.description
                == "unknown architecture 'vgg'; known are cnn, papernot-mnist, papernot-cifar10, mlp, resnet20"
        )
    }

    @Test func imagesTooSmallForTheNetworkAreRefused() throws {
        let error = try #require(throws: TrainingError.self) {
            try Architecture.cnn.graph(imageShape: [1, 6, 6], classCount: 10)
        }
        #expect(
            error.description
                == "node 'conv2' (conv2d): the kernel (3, 3) does not fit in an image of (2, 2) pixels, padding included"
        )
    }
}
