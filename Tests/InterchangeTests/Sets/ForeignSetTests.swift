// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

/// Sets as torchattacks, AutoAttack, Madry's challenges and CIFAR-10-C save them.
@Suite struct ForeignSetTests {
    private let fixtures: SetFixtures

    init() throws { fixtures = try SetFixtures() }

    private func read(
        _ name: String, _ selection: ForeignSet.Selection = .init()
    ) throws -> ForeignSet {
        try ForeignSet.read(
            SetFixtures.path(name), imageShape: fixtures.imageShape, selection: selection)
    }

    @Test func torchattacksSavesEverything() throws {
        let set = try read("torchattacks.pt")
        #expect(set.form == .torchattacks)
        #expect(set.adversarial.shape == fixtures.shape)
        #expect(try set.adversarial.floats() == fixtures.floats("adversarial"))
        #expect(try set.clean?.floats() == fixtures.floats("clean"))
        #expect(try set.labels == fixtures.labels())
        #expect(set.remarks.isEmpty, "\(set.remarks)")
    }

    @Test func eightBitPixelsAreTheirShareOf255AndSaidToBeTruncated() throws {
        let set = try read("torchattacks-int.pt")
        let truncated = try fixtures.floats("adversarial").map { ($0 * 255).rounded(.down) / 255 }
        #expect(try set.adversarial.floats() == truncated)
        #expect(set.clean == nil)
        #expect(set.remarks.contains { $0.contains("truncates") }, "\(set.remarks)")
    }

    @Test func autoAttackSavesTheExamplesAlone() throws {
        let set = try read("autoattack.pth")
        #expect(set.form == .autoattack)
        #expect(try set.adversarial.floats() == fixtures.floats("adversarial"))
        #expect(set.labels == nil && set.clean == nil)
    }

    @Test func oneOfSeveralArraysIsNamed() throws {
        let error = #expect(throws: InterchangeError.self) {
            try read("autoattack-individual.pth")
        }
        #expect(error?.problem.contains("'apgd-ce', 'square'") == true, "\(error as Any)")
        let set = try read("autoattack-individual.pth", .init(array: "square"))
        #expect(try set.adversarial.floats() == fixtures.floats("clean"))
    }

    @Test func madryPutsColourLastAndScalesTo255() throws {
        let set = try read("madry-colour.npy")
        #expect(set.form == .madry)
        try expectClose(
            set.adversarial.floats(), fixtures.floats("adversarial"), absolute: 1e-7, "pixels")
        #expect(set.remarks.contains { $0.contains("divided by 255") })
        let grey = try ForeignSet.read(SetFixtures.path("madry-grey.npy"), imageShape: [1, 4, 5])
        #expect(grey.adversarial.shape == [10, 1, 4, 5])
        let first = try fixtures.floats("adversarial")
        #expect(try Array(grey.adversarial.floats()[20..<40]) == Array(first[60..<80]))
    }

    @Test func aCorruptionIsOneFifthOfItsFile() throws {
        let set = try read("cifar-10-c", .init(array: "fog", severity: 3))
        #expect(set.form == .corruption)
        #expect(try set.adversarial.floats() == fixtures.floats("fog3"))
        #expect(try set.labels == fixtures.labels())
        let same = try read("cifar-10-c/fog.npy", .init(severity: 3))
        #expect(same.adversarial == set.adversarial)
    }

    @Test(arguments: [
        ("normalised.pt", "they look normalised"), ("nan.pth", "nan in row 7"),
        ("flat-colour.npy", "HWC from CHW"), ("cifar-10-c", "found no severity"),
        ("images-grey.npy", "found array 'array' with shape (10, 4, 5)"),
    ])
    func whatCannotBeReadInOneWayIsRefused(name: String, reason: String) throws {
        let error = #expect(throws: InterchangeError.self) { try read(name) }
        #expect(error?.description.contains(reason) == true, "\(error as Any)")
    }

    @Test func valuesBetweenTheTwoScalesAreRefused() throws {
        for (values, reason) in [
            ([0, 3.2], "[0, 1] or 0 to 255"), ([0, 1.01], "clip"), ([-0.01, 1], "clip"),
            ([-2, 2], "normalised"), ([0, 300], "[0, 1] or 0 to 255"),
        ] as [([Float], String)] {
            var pixels = ForeignPixels(path: "x", imageShape: [1, 1, 2])
            let error = #expect(throws: InterchangeError.self) {
                try pixels.images(Tensor(values, shape: [1, 1, 1, 2]), "a")
            }
            #expect(error?.problem.contains(reason) == true, "\(error as Any)")
        }
    }

    @Test func aCubeOfPixelsReadsTwoWays() {
        var pixels = ForeignPixels(path: "x", imageShape: [3, 3, 3])
        #expect(throws: InterchangeError.self) {
            try pixels.images(Tensor([Float](repeating: 0, count: 27), shape: [1, 3, 3, 3]), "a")
        }
    }

    @Test(arguments: [ForeignSet.Form.torchattacks, .autoattack, .npy, .madry])
    func whatIsWrittenIsReadBack(form: ForeignSet.Form) throws {
        let set = try read("torchattacks.pt")
        try withTemporaryDirectory { folder in
            let suffix = form == .npy || form == .madry ? "npy" : "pt"
            let path = folder.appendingPathComponent("set." + suffix).path
            try set.write(as: form, to: path)
            let back = try ForeignSet.read(path, imageShape: fixtures.imageShape)
            try expectClose(
                back.adversarial.floats(), set.adversarial.floats(),
                absolute: form == .madry ? 1e-7 : 0, relative: 0, form.rawValue)
            #expect(form != .torchattacks || back.labels == set.labels)
            #expect(form != .torchattacks || back.clean == set.clean)
        }
    }
}
