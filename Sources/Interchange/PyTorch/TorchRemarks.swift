// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What a reader of a PyTorch file should know, a sentence each.
enum TorchRemarks {
    private static let limit = 20

    /// What a loader that trusts the pickle would have run.
    static func hazards(_ pickle: Pickle) -> [String] {
        let calls = pickle.calls
        let imports = pickle.imports
        var remarks = calls.prefix(limit).map { call in
            "a loader that trusts this file would have called " + call
        }
        let further = calls.count - limit + pickle.computedCallCount - pickle.computedCalls.count
        if calls.count > limit { remarks.append("and made \(further) further calls") }
        remarks += imports.prefix(limit).map { name in
            "a loader that trusts this file would have imported " + name
        }
        if imports.count > limit {
            remarks.append("and imported \(imports.count - limit) further names")
        }
        return remarks
    }

    /// Which of PyTorch's classes the pickle holds objects of.
    static func classes(_ pickle: Pickle) -> [String] {
        let classes = pickle.moduleClasses
        guard !classes.isEmpty else { return [] }
        let shown = classes.prefix(8).joined(separator: ", ") + (classes.count > 8 ? ", ..." : "")
        return ["it holds whole objects, not only their state, of the classes \(shown)"]
    }

    /// Where the tensors stand, when they all stand below something.
    static func wrappers(_ names: [String]) -> [String] {
        var remarks: [String] = []
        for wrapper in ["state_dict", "model_state_dict", "model", "net", "params", "ema"] {
            let start = Array((wrapper + ".").utf8)
            let count = names.count { $0.utf8.starts(with: start) }
            if count > 0 { remarks.append("\(count) tensors stand below '\(wrapper)'") }
        }
        let prefixes = [
            ("module", "which torch.nn.DataParallel puts before them"),
            ("_orig_mod", "which torch.compile puts before them"),
        ]
        for (prefix, reason) in prefixes {
            let part = Array(prefix.utf8)
            let count = names.count { name in
                name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
                    .dropLast().contains { $0.elementsEqual(part) }
            }
            if count > 0, count * 2 > names.count {
                remarks.append("the names of \(count) tensors hold '\(prefix).', \(reason)")
            }
        }
        return remarks
    }
}
