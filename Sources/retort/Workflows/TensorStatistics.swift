// SPDX-License-Identifier: Apache-2.0

import Tensors
import Reporting

/// A tensor in numbers. Minimum, maximum, mean, deviation and norm leave NaN and infinities out.
struct TensorStatistics {
    private(set) var count = 0
    private(set) var minimum = Double.infinity
    private(set) var maximum = -Double.infinity
    private(set) var mean = 0.0
    private(set) var squaredNorm = 0.0
    private(set) var zeros = 0
    private(set) var notANumber = 0
    private(set) var infinite = 0
    private var squaredDeviation = 0.0

    /// Nil where elements are not numbers that Retort interprets.
    init?(_ tensor: Tensor) {
        guard tensor.elementType.isNumeric, let values = try? tensor.floats() else { return nil }
        for value in values {
            if value.isNaN {
                notANumber += 1
                continue
            }
            if value.isInfinite {
                infinite += 1
                continue
            }
            let number = Double(value)
            count += 1
            if number == 0 { zeros += 1 }
            minimum = Swift.min(minimum, number)
            maximum = Swift.max(maximum, number)
            squaredNorm += number * number
            // Welford's update: no cancellation, however far the mean is from zero.
            let difference = number - mean
            mean += difference / Double(count)
            squaredDeviation += difference * (number - mean)
        }
    }

    /// Of the population.
    var deviation: Double { count == 0 ? 0 : (squaredDeviation / Double(count)).squareRoot() }

    var json: JSON {
        [
            "min": count == 0 ? .null : .number(minimum),
            "max": count == 0 ? .null : .number(maximum),
            "mean": count == 0 ? .null : .number(mean),
            "std": count == 0 ? .null : .number(deviation),
            "l2": .number(squaredNorm.squareRoot()), "zeros": .integer(zeros),
            "nan": .integer(notANumber), "inf": .integer(infinite),
        ]
    }

    var description: String {
        guard count > 0 else { return "no finite elements" }
        var text =
            "min \(NumberText.short(minimum)) max \(NumberText.short(maximum)) mean \(NumberText.short(mean)) std \(NumberText.short(deviation))"
        if zeros > 0 { text += " zeros \(NumberText.count(zeros))" }
        if notANumber > 0 { text += " NaN \(NumberText.count(notANumber))" }
        if infinite > 0 { text += " Inf \(NumberText.count(infinite))" }
        return text
    }
}
