// SPDX-License-Identifier: Apache-2.0

import Interchange

extension Verification {
    /// What Keras's `load_weights` will do with the file, where it is one of Keras's.
    static func prognosis(for file: WeightFile) -> Prognosis? {
        KerasDoctor.prognosis(of: file).map {
            Prognosis(lines: $0.lines, firstMismatch: $0.firstMismatch)
        }
    }
}
