// SPDX-License-Identifier: Apache-2.0

extension HDF5Filter {
    /// What filters are called that are named and not read: those of the library (format
    /// specification, section IV.A.2.l) and those registered with The HDF Group
    /// (github.com/HDFGroup/hdf5_plugins, docs/RegisteredFilterPlugins.md).
    static let registeredNames: [Int: String] = [
        4: "szip", 5: "n-bit", 6: "scale-offset", 305: "LZO", 307: "bzip2", 32_001: "blosc",
        32_002: "MAFISC", 32_003: "snappy", 32_004: "lz4", 32_005: "APAX", 32_006: "CBF",
        32_007: "JPEG XR", 32_008: "bitshuffle", 32_009: "SPDP", 32_010: "LPC-Rice",
        32_011: "CCSDS 123", 32_012: "JPEG-LS", 32_013: "zfp", 32_014: "fpzip", 32_015: "zstd",
        32_016: "B3D", 32_017: "SZ", 32_018: "FCIDECOMP", 32_019: "JPEG", 32_020: "VBZ",
        32_021: "FAPEC", 32_022: "BitGroom", 32_023: "granular BitRound", 32_024: "SZ3",
        32_025: "Delta-Rice", 32_026: "blosc2", 32_027: "FLAC", 32_028: "H5Z-SPERR",
    ]
}
