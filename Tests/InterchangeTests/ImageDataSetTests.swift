// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

@Suite struct ImageDataSetTests {
    private func load(_ text: String) throws -> ImageDataSet {
        try DataSpecification.parse(text).load()
    }

    private func pair(_ images: String, _ labels: String = "labels") -> String {
        "npy:\(fixture("npy/\(images).npy")),\(fixture("npy/\(labels).npy"))"
    }

    @Test func anMNISTFolderIsReadInEverySpelling() throws {
        let set = try load("mnist:" + fixture("idx/mnist"))
        #expect(set.train.images.shape == [6, 1, 4, 3])
        #expect(try set.train.images.integers() == (0..<72).map { 7 * $0 % 256 })
        #expect(set.train.labels == [5, 0, 4, 1, 9, 2])
        #expect(set.test?.labels == [7, 2])
        #expect(set.classCount == 10)
        #expect(set.train.className(3) == "3")
    }

    @Test func aCIFARFolderIsReadPlainAndCompressed() throws {
        let set = try load("cifar10:" + fixture("cifar"))
        #expect(set.train.images.shape == [15, 3, 32, 32])
        #expect(
            set.train.labels
                == (1...5).flatMap { batch in (0..<3).map { batch + $0 } }.map { $0 % 10 })
        let pixels = try set.train.images.integers()
        // Batch 4, record 1: planes of 81, 91, 101, each starting with 255.
        let record = pixels[(10 * 3072)..<(11 * 3072)]
        #expect(Array(record.prefix(3)) == [255, 81, 81])
        #expect(record.dropFirst(1024).prefix(2) == [255, 91])
        #expect(record.last == 101)
        #expect(set.test?.labels == [0, 1, 2])
        #expect(set.train.className(9) == "truck")
    }

    @Test(arguments: ["images-nchw", "images-nhwc", "images-float", "images-double"])
    func colourImagesOfEveryLayoutAgree(name: String) throws {
        let set = try load(pair(name)).train
        #expect(set.images.shape == [4, 3, 4, 5])
        #expect(set.labels == [3, 0, 2, 1])
        #expect(set.classCount == 4)
        let expected = try NPY.read(fixture("npy/images-nchw.npy")).floats().map { $0 / 255 }
        #expect(set.pixels(0..<4) == expected)
    }

    @Test func greyImagesAndColumnsOfLabelsAreRead() throws {
        let set = try load(pair("images-nhw", "labels-column")).train
        #expect(set.images.shape == [4, 1, 4, 5])
        #expect(set.labels == [3, 0, 2, 1])
    }

    @Test(arguments: [
        ("images-float-255", "labels", "expected floats in [0, 1]"),
        ("images-nan", "labels", "the pixel value nan in image 0"),
        ("images-i64", "labels", "found I64 pixels"),
        ("vector", "labels", "found shape (5)"),
        ("f32", "labels", "the pixel value 2.0"),
        ("images-nchw", "labels-one-hot", "one-hot rows are not labels"),
        ("images-nchw", "labels-negative", "label -1 of image 2"),
        ("images-nchw", "labels-five", "found 5 labels, expected 4"),
        ("images-nchw", "labels-float", "found F64 labels"),
        ("empty", "labels", "holds no pixels"),
    ])
    func pairsThatAreNotImagesAndLabelsAreRefused(
        images: String, labels: String, reason: String
    ) {
        let error = #expect(throws: InterchangeError.self) { try load(pair(images, labels)) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "none")")
    }

    @Test func fourFilesAreTwoPartsAndTwoAreUndivided() throws {
        let folder = fixture("idx/mnist") + "/"
        let train = "\(folder)train-images-idx3-ubyte.gz,\(folder)train-labels-idx1-ubyte.gz"
        let test = "\(folder)t10k-images-idx3-ubyte,\(folder)t10k-labels.idx1-ubyte"
        let both = try load("idx:\(train),\(test)")
        #expect(both.train.count == 6)
        #expect(both.test?.count == 2)
        #expect(both.classCount == 10)
        let one = try load("idx:" + train)
        #expect(one.test == nil)
        #expect(one[.test].count == 6)
        #expect(try DataSpecification.parse("idx:\(train)/test[1:3]").loadRows().labels == [0, 4])
    }

    @Test func suffixesNarrowTheirPart() throws {
        let base = "mnist:" + fixture("idx/mnist")
        let narrowed = try load(base + "/train[1:4]")
        #expect(narrowed.train.labels == [0, 4, 1])
        #expect(narrowed.test?.labels == [7, 2])
        #expect(try DataSpecification.parse(base).loadRows().labels == [7, 2])
        #expect(try DataSpecification.parse(base + "/train[4:]").loadRows().labels == [9, 2])
        let error = #expect(throws: InterchangeError.self) { try load(base + "/test[0:3]") }
        #expect(error?.problem == "found 2 rows, expected at least 3")
    }

    @Test func missingFilesSayWhatToDo() {
        let fashion = #expect(throws: InterchangeError.self) {
            try MNISTFolder.fashion(at: "/nowhere/fashion")
        }
        #expect(fashion?.description.contains("apt-get install dataset-fashion-mnist") == true)
        let folder = #expect(throws: InterchangeError.self) { try load("mnist:/nowhere") }
        #expect(folder?.description == "/nowhere: there is no such directory")
        let file = #expect(throws: InterchangeError.self) { try load("cifar10:" + fixture("idx")) }
        #expect(file?.description.contains("data_batch_1.bin or data_batch_1.bin.gz") == true)
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: MNISTFolder.debianFashionPath)))
    func fashionMNISTIsReadAsDebianInstallsIt() throws {
        let test = try DataSpecification.parse("fashion-mnist/test").loadRows()
        #expect(test.images.shape == [10_000, 1, 28, 28])
        #expect(test.className(test.labels[0]) == "Ankle boot")
        #expect((0..<10).allSatisfy { label in test.labels.count { $0 == label } == 1_000 })
    }

    @Test(.enabled(if: realDataFolder != nil, "RETORT_DATA is not set"))
    func publishedMNISTAndCIFARAreRead() throws {
        let mnist = try load("mnist:\(realDataFolder!)/mnist")
        #expect(mnist.train.count == 60_000)
        #expect(mnist.train.labels.prefix(5) == [5, 0, 4, 1, 9])
        let cifar = try DataSpecification.parse("cifar10:\(realDataFolder!)/cifar10").loadRows()
        #expect((0..<10).allSatisfy { label in cifar.labels.count { $0 == label } == 1_000 })
    }
}
