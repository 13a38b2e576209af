// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// A package of its own, so that nothing else is built for fuzzing; see ../fuzz.
let folders = Context.packageDirectory.split(separator: "/")
let retort = String(folders[folders.count - 3])

func library(_ name: String) -> Target.Dependency { .product(name: name, package: retort) }

let package = Package(
    name: "retort-fuzzing",
    dependencies: [.package(path: "../..")],
    targets: [
        // libFuzzer's driver, which -sanitize=fuzzer links.
        .target(name: "CFuzzer"),
        .target(name: "Fuzzing", dependencies: ["CFuzzer"]),
        // Two programs, because libFuzzer looks through the counters of a whole program after
        // every input: the small one is several times faster.
        .executableTarget(
            name: "hdf5-fuzz", dependencies: ["Fuzzing", library("HDF5"), library("Tensors")]),
        .executableTarget(
            name: "retort-fuzz",
            dependencies: [
                "Fuzzing", library("Interchange"), library("HDF5"), library("Tensors"),
            ]),
    ]
)
