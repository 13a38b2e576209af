// SPDX-License-Identifier: Apache-2.0

/// What the engine has to know of an attack besides its searches.
struct SearchPlan: Sendable {
    let threatModel: ThreatModel
    var target = AttackTarget.none
    let seed: UInt64
    /// Whether the clean image goes through the model before the search begins. Without that, the
    /// first point of every search has to be the clean image.
    var looksFirst = true
    /// Whether rows that the model gets wrong as they are are searched as well.
    var includesMisclassified = false
    /// How many times every row is searched, each time as another variant.
    var variants = 1
    /// The fewest classes the attack is defined for.
    var minimumClassCount = 2
}
