// SPDX-License-Identifier: Apache-2.0

public import Testing

/// Expects two float arrays to agree: |a - b| <= absolute + relative * |b| for every element, and
/// says which element differs most when they do not. NaN never agrees.
public func expectClose(
    _ found: [Float], _ expected: [Float], absolute: Float = 0, relative: Float = 1e-5,
    _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(found.count == expected.count, "\(what): counts differ", sourceLocation: sourceLocation)
    guard found.count == expected.count else { return }
    var worst: (index: Int, excess: Float)?
    for (index, pair) in zip(found, expected).enumerated() {
        let excess = abs(pair.0 - pair.1) - (absolute + relative * abs(pair.1))
        if !(excess <= 0), excess.isNaN || excess > (worst?.excess ?? 0) {
            worst = (index, excess)
            if excess.isNaN { break }
        }
    }
    if let worst {
        let text =
            "\(what)[\(worst.index)]: found \(found[worst.index]), expected \(expected[worst.index])"
        Issue.record(Comment(rawValue: text), sourceLocation: sourceLocation)
    }
}
