// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// The path of a file under `Fixtures/`, e.g. `fixture("hdf5/dense-group.h5")`.
public func fixture(_ relativePath: String) -> String {
    packageRoot.appendingPathComponent("Fixtures/" + relativePath).path
}

/// The root of the package, found from this source file.
public let packageRoot = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// The folder with MNIST and CIFAR-10, when the environment names one (`RETORT_DATA`).
public let realDataFolder: String? = ProcessInfo.processInfo.environment["RETORT_DATA"]

/// Runs `body` with a fresh folder and removes the folder afterwards.
public func withTemporaryDirectory<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("retort-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}
