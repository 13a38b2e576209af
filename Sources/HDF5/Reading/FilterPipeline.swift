// SPDX-License-Identifier: Apache-2.0

/// The filters of a dataset, accepted for decoding: each known, each at most once.
struct FilterPipeline: Sendable {
    enum Step: Sendable {
        case deflate
        case shuffle(elementByteCount: Int)
        case fletcher32
        case lzf
    }

    let steps: [Step]
    let chunkByteCount: Int

    /// - Throws: ``HDF5Error`` for filters that are not known or used twice.
    init(_ filters: [HDF5Filter], chunkByteCount: Int) throws(HDF5Error) {
        try ReadingGuard.check(chunkByteCount: chunkByteCount)
        try ReadingGuard.checkDistinct(filters)
        var steps: [Step] = []
        for filter in filters {
            switch filter.identifier {
            case HDF5Filter.deflate: steps.append(.deflate)
            case HDF5Filter.shuffle:
                guard let width = filter.parameters.first, width > 0 else {
                    throw .damaged("the shuffle filter lacks the size of elements")
                }
                steps.append(.shuffle(elementByteCount: width))
            case HDF5Filter.fletcher32: steps.append(.fletcher32)
            case HDF5Filter.lzf: steps.append(.lzf)
            default: throw .unsupported("is stored through \(filter), which is not read")
            }
        }
        self.steps = steps
        self.chunkByteCount = chunkByteCount
    }

    /// The steps that were applied to a chunk, first to last, each with the size of what went
    /// into it.
    func applied(mask: UInt32) -> [(step: Step, inputByteCount: Int)] {
        var applied: [(step: Step, inputByteCount: Int)] = []
        var count = chunkByteCount
        for (index, step) in steps.enumerated() where mask & (1 << UInt32(index)) == 0 {
            applied.append((step, count))
            if case .fletcher32 = step { count += 4 }
        }
        return applied
    }
}
