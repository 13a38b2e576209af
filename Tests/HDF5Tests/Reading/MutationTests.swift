// SPDX-License-Identifier: Apache-2.0

import Foundation
@testable import HDF5
import Tensors
import TestSupport
import Testing

/// Damaged and forged files must be refused or read, never crash the reader or keep it busy.
struct MutationTests {
    @Test(arguments: ["small", "small-old"])
    func everyTruncationIsRefused(name: String) throws {
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: fixture("hdf5/\(name).h5"))))
        for count in 0..<bytes.count {
            let error = try #require(consume([UInt8](bytes[..<count])), "\(count) bytes were read")
            #expect(!error.reason.isEmpty)
        }
        #expect(consume(bytes) == nil)
        #expect(consume(bytes + [1, 2, 3]) == nil, "trailing bytes are not part of the file")
    }

    @Test(arguments: [
        "small", "small-old", "default-values", "default-storage", "default-filters",
        "default-types", "v108-values", "v108-storage", "v108-types", "latest-values",
        "latest-storage", "latest-filters", "many-old", "many-v108", "ordered", "keras-legacy",
        "indexes",
    ])
    func mutantsNeverCrashTheReader(name: String) throws {
        // A longer hunt: RETORT_FUZZ_ROUNDS=1000000.
        let rounds = ProcessInfo.processInfo.environment["RETORT_FUZZ_ROUNDS"].flatMap(Int.init)
        let mutator = try Mutator(fixture("hdf5/\(name).h5"))
        var refused = 0
        let clock = ContinuousClock()
        for seed in 0..<(rounds ?? 1_250) {
            let mutant = mutator.mutant(UInt64(seed))
            let time = clock.measure { if consume(mutant) != nil { refused += 1 } }
            #expect(time < .seconds(5), "seed \(seed) took \(time)")
        }
        #expect(refused > 0)
    }
}

/// Makes damaged copies of a file, deterministically, mostly with damaged metadata, and makes
/// the checksums of half of them right again, so that the damage reaches the code behind them.
struct Mutator {
    private let bytes: [UInt8]
    private let extents: [MetadataReader.Extent]

    init(_ path: String) throws {
        bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        extents = try HDF5File(path: path).extents
    }

    func mutant(_ seed: UInt64) -> [UInt8] {
        var random = SplitMix(state: seed)
        var mutant = bytes
        for _ in 0...random.below(8) { mutate(&mutant, &random) }
        if random.below(2) == 0 { repairChecksums(&mutant) }
        return mutant
    }

    private func mutate(_ mutant: inout [UInt8], _ random: inout SplitMix) {
        let extent = extents[random.below(extents.count)]
        let position =
            random.below(8) == 0
            ? random.below(mutant.count) : extent.address + random.below(extent.count)
        switch random.below(5) {
        case 0: mutant[position] ^= 1 << UInt8(random.below(8))
        case 1: mutant[position] = UInt8(random.below(256))
        case 2: mutant[position] = [0, 1, 0x7F, 0x80, 0xFF][random.below(5)]
        case 3:
            // The address of some structure, or a number that breaks arithmetic.
            let numbers: [UInt64] = [
                UInt64(extents[random.below(extents.count)].address), .max, .max - 1,
                UInt64(Int64.max), 1 << 32, UInt64(mutant.count), UInt64(mutant.count) - 1, 0,
            ]
            let number = numbers[random.below(numbers.count)]
            for index in 0..<min(8, mutant.count - position) {
                mutant[position + index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index))
            }
        default:
            // A piece of the file in another place.
            let count = min(1 + random.below(16), mutant.count - position)
            let source = random.below(mutant.count - count)
            for index in 0..<count { mutant[position + index] = bytes[source + index] }
        }
    }

    private func repairChecksums(_ mutant: inout [UInt8]) {
        for extent in extents {
            guard let offset = extent.checksumOffset else { continue }
            let place = extent.address + offset
            let isAtEnd = mutant[extent.address..<(extent.address + 4)] != [70, 72, 68, 66]
            let end = isAtEnd ? place : extent.address + extent.count
            for index in 0..<4 where !isAtEnd { mutant[place + index] = 0 }
            let sum = mutant[extent.address..<end].withUnsafeBytes { lookup3($0) }
            for index in 0..<4 {
                mutant[place + index] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * index))
            }
        }
    }
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
