// SPDX-License-Identifier: Apache-2.0

/// The compression of h5py's filter 32000: Marc Lehmann's LibLZF, whose stream is a sequence of
/// literal runs and of copies of what was written before.
enum LZF {
    /// A byte below 32 starts a run of so many literals and one more. In others the upper three
    /// bits are the length of a copy less 2, or 7 where a byte with the rest of it follows; the
    /// lower five and the next byte are the distance back, less 1.
    ///
    /// - Returns: whether the stream is sound and fills `target` exactly.
    static func decompress(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) -> Bool {
        var input = 0
        var output = 0
        while input < source.count {
            let control = Int(source[input])
            input += 1
            if control < 32 {
                let count = control + 1
                guard count <= source.count - input, count <= target.count - output else {
                    return false
                }
                UnsafeMutableRawBufferPointer(rebasing: target[output..<(output + count)])
                    .copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: source[input..<(input + count)]))
                input += count
                output += count
                continue
            }
            var count = control >> 5
            if count == 7 {
                guard input < source.count else { return false }
                count += Int(source[input])
                input += 1
            }
            count += 2
            guard input < source.count else { return false }
            let distance = (control & 31) << 8 + Int(source[input]) + 1
            input += 1
            guard distance <= output, count <= target.count - output else { return false }
            // Byte by byte: a copy may overlap what it writes.
            for position in output..<(output + count) {
                target[position] = target[position - distance]
            }
            output += count
        }
        return output == target.count
    }
}
