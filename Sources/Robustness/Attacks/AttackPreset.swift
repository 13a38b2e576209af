// SPDX-License-Identifier: Apache-2.0

/// The settings of one publication under a name, as in `pgd:madry-mnist,steps=100`: keys that are
/// given beside it win over its own.
public struct AttackPreset: Sendable, Hashable {
    public let name: String
    /// `key=value,...`
    public let text: String
    /// Where the values come from.
    public let source: String

    public init(_ name: String, _ text: String, source: String) {
        self.name = name
        self.text = text
        self.source = source
    }
}
