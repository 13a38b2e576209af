// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Two tensors taken for one another, and how they differ.
public struct ComparedPair: Sendable {
    public let a: WeightEntry
    public let b: WeightEntry
    public let match: Match
    public internal(set) var alignment = Alignment.asStored
    public internal(set) var outcome = Outcome.equal
    /// Element by element; nil when the shapes do not allow it or nothing could be read.
    public internal(set) var difference: ElementDifference?
    /// The shape in which the elements were compared.
    public internal(set) var shape: Shape
    /// Under which order of its elements A would match B after all, where there is one.
    public internal(set) var hint: String?

    init(a: WeightEntry, b: WeightEntry, match: Match) {
        self.a = a
        self.b = b
        self.match = match
        shape = a.shape
    }

    /// Why two tensors were taken for one another.
    public enum Match: String, Hashable, Sendable {
        case name
        /// Names that differ by spelling alone: dots or slashes, `:0`, `module.`.
        case spelling
        /// The same parameter of the same layer, in the words of two frameworks.
        case role
        /// Other names, equal content.
        case digest
        /// Other names, the same shape and close values: probably renamed.
        case values

        /// Whether the tensor has another name in the other file.
        public var isRenaming: Bool { self == .digest || self == .values }
    }

    public enum Outcome: Hashable, Sendable {
        /// Every value is equal.
        case equal
        /// Values differ by no more than the tolerance.
        case withinTolerance
        case changed(Reason)
        /// The elements could not be read, for the reason given.
        case unread(String)
    }

    /// The gravest of what differs.
    public enum Reason: String, Hashable, Sendable {
        case shape
        case type
        case values
    }

    public var reason: Reason? {
        guard case .changed(let reason) = outcome else { return nil }
        return reason
    }

    /// The layer for people: A's role or the name without its last part.
    public var layer: String {
        let layer = a.role?.layer ?? EntryName.meaningParts(of: a).layer
        return layer.isEmpty ? a.name : layer
    }

    /// The position of the worst difference, by axis.
    public var worstIndex: [Int]? {
        guard var rest = difference?.worst?.offset else { return nil }
        var index: [Int] = []
        for extent in shape.dimensions.reversed() {
            index.append(rest % extent)
            rest /= extent
        }
        return index.reversed()
    }
}

extension ComparedPair {
    /// Compares the two, holding no more than these two tensors.
    mutating func compare(_ choice: AlignmentChoice, tolerance: Tolerance) {
        let alignments = choice.alignments(a, b)
        guard a.elementType != nil, b.elementType != nil else {
            compareUnread(alignments)
            return
        }
        do throws(InterchangeError) {
            let (left, right) = (try a.tensor(), try b.tensor())
            // Files may be larger than memory, and nobody reads these elements again.
            defer {
                left.releasePages()
                right.releasePages()
            }
            guard let alignment = choice.best(of: alignments, left, right) else {
                outcome = .changed(.shape)
                hint = choice.hint(left, right, a, b)
                return
            }
            self.alignment = alignment
            let (x, y) = (alignment.alignedA(left), alignment.alignedB(right))
            shape = x.shape
            let difference = x.difference(from: y, tolerance: tolerance)
            self.difference = difference
            outcome = Self.outcome(difference, x.elementType == y.elementType)
            if outcome == .changed(.values), difference.relativeL2 > AlignmentChoice.farApart {
                hint = choice.hint(x, y)
            }
        } catch {
            outcome = .unread(error.description)
        }
    }

    private static func outcome(
        _ difference: ElementDifference, _ isSameType: Bool
    ) -> Outcome {
        if !isSameType { return .changed(.type) }
        if difference.beyond > 0 { return .changed(.values) }
        return difference.isEqual ? .equal : .withinTolerance
    }

    /// Why a reader lists one of the two and does not read it, in its own words.
    private var unreadReason: String {
        for entry in [a, b] where entry.elementType == nil {
            do throws(InterchangeError) { _ = try entry.tensor() } catch { return error.problem }
        }
        return "elements of type \(a.typeName) are listed and not read"
    }

    /// Types that are only listed: what can be said without their elements.
    private mutating func compareUnread(_ alignments: [Alignment]) {
        if alignments.isEmpty {
            outcome = .changed(.shape)
        } else if a.typeName != b.typeName {
            outcome = .changed(.type)
        } else {
            outcome = .unread(unreadReason)
        }
    }
}

extension Alignment {
    func alignedA(_ tensor: Tensor) -> Tensor { ruleOfA?.applied(to: tensor) ?? tensor }
    func alignedB(_ tensor: Tensor) -> Tensor { ruleOfB?.applied(to: tensor) ?? tensor }
}
