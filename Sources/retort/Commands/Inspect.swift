// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Tensors

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a file of weights, a store or an HDF5 file holds.",
        discussion: """
            Any format, recognised by its content: Retort stores, safetensors (single and sharded), \
            Keras (.weights.h5, .keras, legacy .h5), PyTorch, NumPy, ONNX, GGUF, plain HDF5. Only \
            metadata is read, by readers that execute nothing and follow no links; --stats and \
            --digests read the tensors too.

            OBJECT is a tensor (conv1.weight, conv1/kernel, the name in the file), a layer (conv1), \
            a key of the metadata, 'architecture', a path in an HDF5 file or a name in a store. One \
            tensor is shown with its first values, images and convolution kernels as a picture.

            --json prints {format, file, bytes, parameters, space, tensors: [{name, shape, dtype, \
            bytes, stored_bytes, digest?, role?, shared_with?, stats?}], metadata?, remarks?, \
            notes?, runnable?, objects?}. Keys are added over time, never renamed.

            EXAMPLES:
              retort inspect model.safetensors
              retort inspect model.weights.h5 conv1.kernel --stats
              retort inspect lab.h5 teacher
            """)

    @Argument(help: "The file.")
    var file: String

    @Argument(help: "Something in it.")
    var object: String?

    @Flag(
        help: """
            Read the tensors: minimum, maximum, mean, deviation, norm, zeros, NaN, infinities, a \
            histogram, dead channels.
            """)
    var stats = false

    @Flag(help: "Read the tensors: their content digests, equal in every format.")
    var digests = false

    @OptionGroup var output: OutputOptions

    func run() throws {
        let inspection = try Inspection(path: file, object: object)
        let request = MeasureRequest(statistics: stats, digests: digests)
        if output.json {
            let json = try InspectionJSON(inspection: inspection, request: request).json()
            Console.output(json.text(pretty: true))
        } else {
            Console.output(
                try InspectionText(inspection: inspection, request: request).text())
        }
    }
}
