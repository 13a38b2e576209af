// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Interchange
import Tensors

/// What `--to` takes: a format that can be written, by the name that `--json` prints.
struct TargetFormat: ExpressibleByArgument {
    let format: WeightFormat

    init?(argument: String) {
        guard let format = WeightFormat(rawValue: argument), format.isWritable else { return nil }
        self.format = format
    }

    static let allValueStrings = WeightFormat.allCases.filter(\.isWritable).map(\.rawValue)
}

/// What `--layout` takes.
enum TargetLayout: String, ExpressibleByArgument, CaseIterable {
    case pytorch, keras

    var layout: ParameterRole.Layout { self == .pytorch ? .pytorch : .keras }
}

/// What `--dtype` takes.
enum CastTarget: String, ExpressibleByArgument, CaseIterable {
    case f32, f16, bf16

    var elementType: ElementType {
        switch self {
        case .f32: .f32
        case .f16: .f16
        case .bf16: .bf16
        }
    }
}

/// A size as people write it: `5GB`, `500MB`, `1GiB`, `100000`.
struct ByteSize: ExpressibleByArgument {
    let byteCount: Int

    init?(argument: String) {
        let units: [(String, Int)] = [
            ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
            ("kB", 1_000), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000),
            ("TB", 1_000_000_000_000), ("B", 1),
        ]
        let unit = units.first { argument.hasSuffix($0.0) }
        let digits = argument.dropLast(unit?.0.count ?? 0)
        guard let number = Double(digits), number > 0 else { return nil }
        let bytes = number * Double(unit?.1 ?? 1)
        guard bytes >= 1, bytes < 1e18 else { return nil }
        byteCount = Int(bytes)
    }
}
