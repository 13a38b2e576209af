// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")

let package = Package(
    name: "retort",
    products: [
        .executable(name: "retort", targets: ["retort"]),
        .library(name: "Tensors", targets: ["Tensors"]),
        .library(name: "HDF5", targets: ["HDF5"]),
        .library(name: "Interchange", targets: ["Interchange"]),
        .library(name: "Checkpoints", targets: ["Checkpoints"]),
        .library(name: "Training", targets: ["Training"]),
        .library(name: "Robustness", targets: ["Robustness"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    ],
    targets: [
        // C libraries: a module map and a shim header each.
        .systemLibrary(name: "CHDF5", providers: [.apt(["libhdf5-dev"])]),
        .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
        .systemLibrary(
            name: "CDeflate", pkgConfig: "libdeflate",
            providers: [.apt(["libdeflate-dev", "zlib1g-dev"])]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),

        // Loads libhdf5 and oneDNN when they are first called.
        .target(name: "CLoading", dependencies: ["CHDF5", "COneDNN"]),

        // The shared vocabulary, then columns that never import each other.
        .target(name: "Tensors", dependencies: [crypto]),
        .target(name: "HDF5", dependencies: ["Tensors", "CHDF5", "CDeflate", "CLoading"]),
        .target(name: "Checkpoints", dependencies: ["Tensors", "HDF5"]),
        .target(name: "Interchange", dependencies: ["Tensors", "HDF5", "CDeflate"]),
        .target(name: "Training", dependencies: ["Tensors", "COneDNN", "CLoading"]),
        .target(name: "Robustness", dependencies: ["Tensors", "Training"]),
        .target(name: "Reporting", dependencies: ["Tensors", "CPNG"]),

        // The only places that join them: the tool, the benchmarks, the tests.
        .executableTarget(
            name: "retort",
            dependencies: [
                "Tensors", "HDF5", "Checkpoints", "Interchange", "Training", "Robustness",
                "Reporting", arguments,
            ]),
        .executableTarget(
            name: "retort-bench",
            dependencies: [
                "Tensors", "HDF5", "Checkpoints", "Interchange", "Training", "Robustness",
            ]),

        .target(name: "TestSupport", dependencies: ["Tensors"], path: "Tests/TestSupport"),
        .testTarget(name: "TensorsTests", dependencies: ["Tensors", "TestSupport"]),
        .testTarget(
            name: "HDF5Tests", dependencies: ["HDF5", "Tensors", "TestSupport"]),
        .testTarget(
            name: "CheckpointsTests",
            dependencies: ["Checkpoints", "HDF5", "Tensors", "TestSupport"]),
        .testTarget(
            name: "InterchangeTests",
            dependencies: ["Interchange", "HDF5", "Tensors", "TestSupport"]),
        .testTarget(
            name: "TrainingTests", dependencies: ["Training", "Tensors", "TestSupport"]),
        .testTarget(
            name: "RobustnessTests",
            dependencies: ["Robustness", "Training", "Tensors", "TestSupport"]),
        .testTarget(name: "ReportingTests", dependencies: ["Reporting", "Tensors", "TestSupport"]),
        // Runs the built tool as a user would; the dependency makes sure it is built first.
        .testTarget(
            name: "RetortTests",
            dependencies: [
                "retort", "retort-bench", "TestSupport", "Tensors", "HDF5", "Interchange",
                "Training",
            ]),
    ]
)

// https://github.com/swiftlang/swift-evolution: SE-0335, SE-0444 and SE-0409.
// CI sets RETORT_STRICT: a warning there is an error, and elsewhere a warning.
let strict: [SwiftSetting] =
    Context.environment["RETORT_STRICT"] == nil ? [] : [.treatAllWarnings(as: .error)]
for target in package.targets where target.type != .system {
    target.swiftSettings =
        [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("InternalImportsByDefault"),
        ] + strict
}
