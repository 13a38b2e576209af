// SPDX-License-Identifier: Apache-2.0

/// Bytes of a file that mean something.
public struct HDF5LiveBytes: Hashable, Sendable {
    public let range: Range<Int>
    /// A path of the dataset whose elements these are, as they are stored; nil for headers, indexes
    /// and heaps.
    public let dataset: String?
}

extension HDF5File {
    /// Everything that the reader accounts for, in the order of the file. What is left is space of
    /// deleted objects, and gaps.
    public var liveBytes: [HDF5LiveBytes] {
        var live = extents.map { HDF5LiveBytes(range: $0.address..<$0.end, dataset: nil) }
        for dataset in distinctDatasets {
            for extent in Node.dataset(dataset.node).payloadExtents {
                live.append(
                    HDF5LiveBytes(range: extent.address..<extent.end, dataset: dataset.path))
            }
        }
        return live.filter { !$0.range.isEmpty }
            .sorted { $0.range.lowerBound < $1.range.lowerBound }
    }
}
