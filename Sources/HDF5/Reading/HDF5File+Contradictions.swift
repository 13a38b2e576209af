// SPDX-License-Identifier: Apache-2.0

extension HDF5File {
    /// What is wrong in places that reading passes over: whatever has neither a checksum nor a
    /// meaning for readers, but would mislead a program that changes the file.
    ///
    /// Together with the checksums and with digests of all elements this notices every changed bit
    /// of a file that Retort wrote, except in space that nothing refers to.
    ///
    /// - Returns: errors that name the objects; none for a file as Retort writes them.
    public var contradictions: [HDF5Error] {
        // Collected while the file was opened, because a later commit may change those bytes.
        var found = flaws.map { $0.located(file: path) }
        do throws(HDF5Error) { try requireWritable() } catch { found.append(error) }
        return found
    }

    /// Every dataset once, under one of its paths.
    var distinctDatasets: [HDF5Dataset] {
        var datasets: [HDF5Dataset] = []
        var pending = [HDF5Object.group(root)]
        var seen: Set<Int> = []
        while let object = pending.popLast() {
            switch object {
            case .group(let group) where seen.insert(group.address).inserted:
                pending += group.members.map(\.object)
            case .dataset(let dataset) where seen.insert(dataset.address).inserted:
                datasets.append(dataset)
            default: continue
            }
        }
        return datasets
    }
}
