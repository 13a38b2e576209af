// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Finds for each tensor of A its counterpart in B, step by step from the surest sign to the
/// weakest: name, spelling, meaning, content, values.
struct EntryMatching {
    let a: [WeightEntry]
    let b: [WeightEntry]
    let choice: AlignmentChoice
    /// Positions without a counterpart so far, ascending.
    private(set) var openA: [Int]
    private(set) var openB: [Int]
    /// By position in A.
    private(set) var matches: [Int: (b: Int, match: ComparedPair.Match)] = [:]
    /// What was left undone, a sentence without its stop.
    var remarks: [String] = []

    init(_ a: [WeightEntry], _ b: [WeightEntry], choice: AlignmentChoice) {
        self.a = a
        self.b = b
        self.choice = choice
        openA = Array(a.indices)
        openB = Array(b.indices)
    }

    mutating func matchByName() {
        match(.name, a.map(\.name), b.map(\.name))
        match(
            .spelling, a.map { EntryName.spelling($0.name) },
            b.map { EntryName.spelling($0.name) })
        // A format that cannot hold a name keeps it beside the tensor.
        let (ownA, ownB) = (a.map(\.name), b.map(\.name))
        let (sourceA, sourceB) = (
            a.map { $0.sourceName ?? $0.name }, b.map { $0.sourceName ?? $0.name }
        )
        for (left, right) in [(ownA, sourceB), (sourceA, ownB), (sourceA, sourceB)] {
            match(.spelling, left.map(EntryName.spelling), right.map(EntryName.spelling))
        }
        match(.role, a.map(EntryName.meaning), b.map(EntryName.meaning))
        // A wrapper stands before all names of a file or is none.
        let (left, right) = (unwrapped(a, openA), unwrapped(b, openB))
        match(.spelling, left, right)
    }

    private func unwrapped(_ entries: [WeightEntry], _ open: [Int]) -> [String] {
        let names = entries.map { EntryName.meaning(of: $0) }
        guard let wrapper = EntryName.wrapper(of: open.map { names[$0] }) else { return names }
        return names.map {
            $0.hasPrefix(wrapper) ? String($0.dropFirst(wrapper.count)) : $0
        }
    }

    /// Joins open entries whose keys are equal and unique on their sides.
    private mutating func match(_ match: ComparedPair.Match, _ keysA: [String], _ keysB: [String]) {
        guard !openA.isEmpty, !openB.isEmpty else { return }
        let left = Dictionary(openA.map { (keysA[$0], [$0]) }, uniquingKeysWith: +)
        let right = Dictionary(openB.map { (keysB[$0], [$0]) }, uniquingKeysWith: +)
        for (key, positions) in left {
            guard let others = right[key], positions.count == 1, others.count == 1 else {
                continue
            }
            matches[positions[0]] = (others[0], match)
        }
        close()
    }

    /// Joins entries of equal content. Only entries that have one of their size on the other side
    /// are hashed.
    mutating func matchByDigest() {
        let sizesA = Set(openA.map { SizeKey(a[$0]) })
        let sizesB = Set(openB.map { SizeKey(b[$0]) })
        let shared = sizesA.intersection(sizesB)
        guard !shared.isEmpty else { return }
        let right = Dictionary(
            openB.compactMap { position in
                digest(b[position], shared).map { ($0, [position]) }
            }, uniquingKeysWith: +)
        var taken: [Digest: Int] = [:]
        for position in openA {
            guard let digest = digest(a[position], shared), let others = right[digest] else {
                continue
            }
            // Several with one content, zeros say, are joined in the order of the files.
            let next = taken[digest, default: 0]
            guard next < others.count else { continue }
            taken[digest] = next + 1
            matches[position] = (others[next], .digest)
        }
        close()
    }

    private struct SizeKey: Hashable {
        let type: ElementType?
        let count: Int

        init(_ entry: WeightEntry) {
            type = entry.elementType
            count = entry.shape.elementCount
        }
    }

    /// The digest in PyTorch's layout where the role is known; nil for what cannot be read or has
    /// no counterpart by size, and for empty tensors, which are all alike.
    private func digest(_ entry: WeightEntry, _ sizes: Set<SizeKey>) -> Digest? {
        guard entry.elementType != nil, entry.shape.elementCount > 0,
            sizes.contains(SizeKey(entry))
        else { return nil }
        let isKeras = entry.role?.layout == .keras && !choice.isLayoutExact
        let canonical = isKeras ? (try? entry.converted(to: .pytorch)) ?? entry : entry
        if let digest = canonical.digest { return digest }
        return (try? canonical.tensor())?.digest()
    }

    mutating func join(_ pairs: [(a: Int, b: Int)], _ match: ComparedPair.Match) {
        for pair in pairs { matches[pair.a] = (pair.b, match) }
        close()
    }

    /// Takes what has a counterpart out of the open ones.
    private mutating func close() {
        let used = Set(matches.values.map(\.b))
        openA.removeAll { matches[$0] != nil }
        openB.removeAll { used.contains($0) }
    }
}
