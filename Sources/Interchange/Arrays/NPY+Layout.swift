// SPDX-License-Identifier: Apache-2.0

import Tensors

extension NPY {
    /// An NPY file that is checked but for its elements.
    struct Layout {
        let header: Header
        let shape: Shape
        let dataStart: Int

        /// How much of a file is sure to hold the fields before the header, and nearly always
        /// the header.
        static let usualPrefix = 256

        /// - Parameters:
        ///   - prefix: the file, or at least its start through the header.
        ///   - byteCount: of the whole file.
        /// - Throws: ``InterchangeError`` unless the file is as long as its header declares.
        init(
            _ prefix: UnsafeRawBufferPointer, byteCount: Int, path: String
        ) throws(InterchangeError) {
            let range = try Self.headerRange(prefix, byteCount: byteCount, path: path)
            guard range.upperBound <= prefix.count else {
                throw InterchangeError(.malformed, path, "the NPY header is cut short")
            }
            header = try Header(Array(prefix[range]), path: path)
            dataStart = range.upperBound
            do throws(TensorError) {
                shape = try Shape(header.shape)
                guard case .numbers(let elementType, _) = header.elements else { return }
                let expected = try shape.byteCount(of: elementType)
                guard byteCount - dataStart == expected else {
                    throw TensorError(
                        "found \(byteCount - dataStart) bytes of data, expected \(expected) for"
                            + " \(elementType) \(shape)")
                }
            } catch {
                throw InterchangeError(.malformed, path, error)
            }
        }

        /// Where the header's text lies, from the fields before it.
        static func headerRange(
            _ prefix: UnsafeRawBufferPointer, byteCount: Int, path: String
        ) throws(InterchangeError) -> Range<Int> {
            guard prefix.count >= 10, prefix.prefix(6).elementsEqual(magic) else {
                throw InterchangeError(.malformed, path, "it does not start as an NPY file does")
            }
            let major = prefix[6]
            guard (1...3).contains(major), prefix[7] == 0 else {
                throw InterchangeError(
                    .unsupported, path, found: "NPY version \(major).\(prefix[7])",
                    expected: "1.0, 2.0 or 3.0")
            }
            let start = major == 1 ? 10 : 12
            guard prefix.count >= start else {
                throw InterchangeError(.malformed, path, "the NPY header is cut short")
            }
            let length = prefix[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
            guard length <= byteCount - start, length <= Header.longest else {
                throw InterchangeError(
                    .malformed, path, found: "a header length of \(length)",
                    expected: "at most \(min(byteCount - start, Header.longest))")
            }
            return start..<(start + length)
        }

        /// Why the elements are not read; nil when they are.
        func refusal(path: String) -> InterchangeError? {
            guard case .foreign(let descr, let meaning) = header.elements else { return nil }
            return InterchangeError(
                .unsupported, path, found: "element type '\(descr)' (\(meaning))",
                expected: "booleans, integers or floats of up to 64 bits")
        }

        /// The array in the whole file `region`: a view where its order is Retort's.
        ///
        /// - Throws: ``InterchangeError`` for elements that are not read and bad booleans.
        func tensor(_ region: ByteRegion, path: String) throws(InterchangeError) -> Tensor {
            guard case .numbers(let elementType, let isBigEndian) = header.elements else {
                throw refusal(path: path)!
            }
            var tensor: Tensor
            do throws(TensorError) {
                tensor = try Tensor(elementType, shape: shape, viewing: region, at: dataStart)
            } catch {
                throw InterchangeError(.malformed, path, error)
            }
            if elementType == .bool { try Self.checkBooleans(tensor, path: path) }
            if isBigEndian { tensor = tensor.byteSwapped() }
            if header.isFortranOrder, shape.rank > 1, shape.elementCount > 0 {
                var strides = [1]
                for dimension in shape.dimensions.dropLast() {
                    strides.append(strides.last! * dimension)
                }
                tensor = tensor.gathered(shape: shape, strides: strides)
            }
            return tensor
        }

        private static func checkBooleans(
            _ tensor: Tensor, path: String
        ) throws(InterchangeError) {
            let largest = tensor.withUnsafeBytes { $0.max() ?? 0 }
            guard largest <= 1 else {
                throw InterchangeError(
                    .malformed, path, found: "the byte \(largest) in an array of booleans",
                    expected: "0 or 1")
            }
        }
    }
}
