// SPDX-License-Identifier: Apache-2.0

/// A pickle that was run: its values, and what a loader that trusts it would have done.
struct Pickle: Sendable {
    let graph: PickleGraph
    let root: PickleValue
    /// The offset behind STOP.
    let end: Int
    let computedCalls: [(callable: PickleValue, arguments: PickleValue)]
    let computedCallCount: Int

    /// What would be called, as text, the most telling first: `os.system('id')`.
    var calls: [String] {
        let called = graph.globals.filter { global in
            switch global.trust {
            case .plain, .module, .script: false
            case .reference: global.callCount > 0
            case .unknown: global.callCount > 0 || global.state != .absent || global.isChanged
            }
        }
        let named = called.sorted { $0.isNotorious && !$1.isNotorious }.map { global in
            let text = call(global)
            return global.callCount > 1 ? "\(text), \(global.callCount) times" : text
        }
        let computed = computedCalls.map {
            graph.summary($0.callable) + graph.argumentSummary($0.arguments)
        }
        return named + computed
    }

    /// What would be imported and not called.
    var imports: [String] {
        graph.globals.filter {
            $0.trust == .unknown && $0.callCount == 0 && $0.state == .absent && !$0.isChanged
        }.sorted { $0.isNotorious && !$1.isNotorious }.map { $0.name.shown }
    }

    /// Classes of PyTorch's own modules and optimisers whose objects the pickle holds.
    var moduleClasses: [String] {
        graph.globals.filter {
            $0.trust == .module && ($0.callCount > 0 || $0.state != .absent)
        }.map { $0.name.shown }
    }

    private func call(_ global: PickleGlobal) -> String {
        if global.callCount > 0 {
            return global.name.shown + graph.argumentSummary(global.arguments)
        }
        if global.isChanged { return global.name.shown + ".__setitem__" }
        return global.name.shown + ".__setstate__(" + graph.summary(global.state) + ")"
    }
}
