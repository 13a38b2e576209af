// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import HDF5
import Interchange
import Reporting
import Robustness
import Tensors
import Training

/// Why a command could not do its work: one sentence and an exit code.
struct Failure: Error, CustomStringConvertible {
    let description: String
    var exitCode: CInt = 2

    init(_ description: String) {
        self.description = description
    }

    /// The user pressed Ctrl-C; `state` says what the store holds now.
    static func interrupted(_ state: String) -> Failure {
        var failure = Failure("interrupted; \(state)")
        failure.exitCode = 130
        return failure
    }
}

/// Whether an error's description is a sentence for users, as all our libraries' errors are.
func isSentence(_ error: any Error) -> Bool {
    error is StoreError || error is HDF5Error || error is InterchangeError || error is TensorError
        || error is TrainingError || error is RobustnessError || error is JSONError
}
