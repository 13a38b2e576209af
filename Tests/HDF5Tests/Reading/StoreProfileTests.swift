// SPDX-License-Identifier: Apache-2.0

@testable import HDF5
import Tensors
import TestSupport
import Testing

/// Which files libhdf5 may open, and how a file's bytes are accounted for.
struct StoreProfileTests {
    @Test(arguments: ["small", "ordered", "many-v108"])
    func plainFilesAreWritable(name: String) throws {
        try HDF5File(path: fixture("hdf5/\(name).h5")).requireWritable()
    }

    @Test(arguments: [
        ("small-old", "", "superblock version 0"),
        ("latest-values", "", "superblock version 3"),
        ("v108-values", "", "of type string"),
        ("v108-storage", "/links/soft", "only hard links"),
        ("v108-types", "/types/shared", "in this form"),
    ])
    func otherFeaturesAreNamed(name: String, object: String, reason: String) throws {
        let file = try HDF5File(path: fixture("hdf5/\(name).h5"))
        let error = try #require(throws: HDF5Error.self) { try file.requireWritable() }
        #expect(error.file == file.path)
        #expect(object.isEmpty || error.object == object, "\(error)")
        #expect(error.reason.contains(reason), "\(error)")
    }

    @Test(arguments: [
        "default-values", "default-storage", "default-filters", "v108-storage", "v108-filters",
        "latest-values", "many-old", "many-v108", "keras-weights", "ordered", "small",
    ])
    func everyByteIsCountedOnce(name: String) throws {
        let file = try HDF5File(path: fixture("hdf5/\(name).h5"))
        let space = file.space
        #expect(space.total == file.region.count)
        #expect(space.metadata + space.payload + space.unaccounted == space.total)
        var payload = 0
        for case .dataset(let node) in file.nodes {
            let dataset = HDF5Dataset(file: file, path: "", node: node)
            if case .compact = dataset.layout { continue }
            payload += dataset.storedByteCount
        }
        #expect(space.payload == payload)
    }
}
