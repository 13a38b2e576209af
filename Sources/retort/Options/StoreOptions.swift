// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The store a command works on.
struct StoreOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The store file; made when it is not there yet.", valueName: "file"))
    var store: String
}

/// How a command prints its result.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON object to standard output and nothing else there.")
    var json = false
}

/// The `SPEC` of a data set.
struct DataOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            digits, fashion-mnist, mnist:DIR, cifar10:DIR, idx:IMAGES,LABELS, npy:IMAGES,LABELS or \
            store:FILE#NAME; a suffix /train, /test or /test[0:1000] picks rows.
            """, valueName: "spec"))
    var data: String
}
