// SPDX-License-Identifier: Apache-2.0

/// What is known of one row of an attack.
struct RowRecord {
    let label: Int
    let rowID: Int
    /// Which of the plan's variants of the row this is.
    let variant: Int
    var target: Int?
    /// nil while the row is at work.
    var status: AdversarialResult.Status?
    /// nil until the clean image has been through the model.
    var isCleanCorrect: Bool?
    /// Of the clean image; empty until it has been through the model.
    var cleanLogits: [Float] = []
    /// z_label minus the largest other logit at the row's image.
    var margin: Float = 0
    var queries = 0
    var gradients = 0
    var sawZeroGradient = false
    var stage: Int?

    init(label: Int, rowID: Int, variant: Int = 0, target: Int? = nil) {
        self.label = label
        self.rowID = rowID
        self.variant = variant
        self.target = target
    }
}
