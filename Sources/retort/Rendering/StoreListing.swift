// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Reporting
import Tensors

/// The contents of a store as a table.
struct StoreListing {
    let store: Store

    init(_ store: Store) {
        self.store = store
    }

    func text() throws -> String {
        guard !store.entries.isEmpty else { return "the store is empty" }
        var table = TextTable(columns: [
            .init("kind"), .init("name"), .init("digest"), .init("created"),
            .init("stored", .right),
            .init("what"),
        ])
        var last: ObjectKind?
        var isAlias: Set<StoreEntry> = []
        for entry in store.entries {
            if let last, last != entry.kind { table.appendRule() }
            let isFirst = last != entry.kind
            last = entry.kind
            let others = store.otherNames(of: entry)
            let what: String
            if let target = others.first(where: { $0.name.epoch != nil }), entry.name.epoch == nil {
                what = "= \(target.name)"
                isAlias.insert(entry)
            } else {
                what = try summary(entry)
            }
            table.append([
                isFirst ? entry.kind.title : "", entry.name.description, entry.digest.short,
                entry.created,
                isAlias.contains(entry)
                    ? "" : NumberText.bytes(try store.storedByteCount(of: entry)),
                what,
            ])
        }
        let problems = store.unlisted.map { "not listed: \($0)" }
        return table.text(width: Console.outputWidth) + problems.map { $0 + "\n" }.joined()
    }

    private func summary(_ entry: StoreEntry) throws -> String {
        let name = entry.name.description
        switch entry.kind {
        case .checkpoint:
            let checkpoint = try store.checkpoint(named: name)
            var text = "\(NumberText.count(checkpoint.tensors.elementCount)) parameters"
            if let accuracy = checkpoint.metadata["metrics"]?["test_accuracy"]?.doubleValue {
                text += ", test \(NumberText.percent(accuracy))"
            }
            return text
        case .softLabels:
            let labels = try store.softLabels(named: name)
            return
                "\(NumberText.count(labels.count)) rows, \(labels.classCount) classes, \(labels.precision)"
        case .adversarialSet:
            let set = try store.adversarialSet(named: name)
            let attack = AttackLabel(set.metadata["attack"]?["text"]?.stringValue ?? "unknown")
            let threat = set.metadata["threat_model"]
            let budget = [threat?["norm"], threat?["epsilon_exact"]].compactMap { $0?.stringValue }
            return "\(NumberText.count(set.count)) rows, \(attack.text), "
                + budget.joined(separator: " ")
        case .dataset:
            let data = try store.dataset(named: name)
            return
                "\(NumberText.count(data.count)) images \(data.shape), \(data.classCount) classes"
        }
    }
}
