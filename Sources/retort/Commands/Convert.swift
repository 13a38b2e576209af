// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Interchange
import Tensors

struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Convert a file of weights into another format, with proof.",
        discussion: """
            OUT's suffix names the format: .safetensors, .safetensors.index.json (in shards), \
            .weights.h5 and .keras (Keras 3), .h5 (legacy Keras), .pt .pth, .npz, .npy, .onnx, .hdf5, \
            .retort.h5 (a store); --to names it where the suffix does not. A store that is there is \
            appended to; any other file is replaced, whole or not at all.

            Bytes and names stay as they are unless --dtype or --layout says otherwise, with one \
            exception: where a model's graph is known, a store and ONNX get PyTorch's layout, and \
            Keras files Keras's. What was written is read back, every digest compared and every \
            layout rule undone, and where both sides have a graph to run they must give the same \
            logits; a file that fails never gets its name. Nothing in IN is ever executed.

            EXAMPLES:
              retort convert model.pt model.safetensors
              retort convert model.keras lab.h5 --as teacher --certificate proof.json
              retort convert lab.h5 teacher.onnx --checkpoint teacher
              retort convert net.weights.h5 net.pt --layout pytorch --graph net.keras
              retort convert lab.h5 --checkpoint student --share student-model
            """)

    @Argument(help: "The file to convert: any format that 'retort inspect' reads.")
    var input: String

    @Argument(help: "Where it goes.")
    var output: String?

    @Option(help: ArgumentHelp("The checkpoint of a store to convert.", valueName: "name"))
    var checkpoint: String?

    @Option(
        help: ArgumentHelp(
            "What to call the checkpoint in the store it goes to.", valueName: "name"))
    var `as`: String?

    @Option(
        help: ArgumentHelp("The format, where OUT's suffix does not say it.", valueName: "format"))
    var to: TargetFormat?

    @Option(help: "Cast floating-point tensors to f32, f16 or bf16; the error is reported.")
    var dtype: CastTarget?

    @Option(
        help: ArgumentHelp(
            "Convert kernels to pytorch's or keras's order of axes.", valueName: "framework"))
    var layout: TargetLayout?

    @Option(
        help: ArgumentHelp(
            """
            The graph of weights that do not say theirs: a file with a graph as JSON, a whole \
            model, STORE#CHECKPOINT, or ARCHITECTURE:CxHxW,CLASSES.
            """, valueName: "graph"))
    var graph: String?

    @Option(help: ArgumentHelp("Write the proof as JSON.", valueName: "file"))
    var certificate: String?

    @Option(help: ArgumentHelp("The largest safetensors file to write.", valueName: "size"))
    var shardSize: ByteSize?

    @Option(
        help: ArgumentHelp(
            """
            Instead of OUT: a new folder as Hugging Face's libraries read it, with safetensors, \
            config.json, a model card and the certificate.
            """, valueName: "folder"))
    var share: String?

    @OptionGroup var options: OutputOptions

    func validate() throws {
        guard (output == nil) != (share == nil) else {
            throw ValidationError("expected OUT or --share FOLDER, and not both")
        }
        guard share == nil || (`as` == nil && to == nil && layout == nil) else {
            throw ValidationError(
                "--share decides on the format and the layout; --as, --to and --layout do not apply"
            )
        }
    }

    func run() throws {
        KernelWaiting.makePassive()
        Interruption.watch()
        var conversion = Conversion(input: input, output: output ?? share ?? "")
        conversion.checkpoint = checkpoint
        conversion.name = `as`
        conversion.format = to?.format
        conversion.dtype = dtype?.elementType
        conversion.layout = layout?.layout
        conversion.graph = try graph.map { try GraphReference($0) }
        conversion.maximumShardBytes = shardSize?.byteCount
        conversion.certificate = certificate
        conversion.identifiesFiles = certificate != nil || options.json
        let progress = ProgressReporter()
        let outcome =
            try share == nil
            ? conversion.run(progress: progress)
            : Sharing(conversion: conversion).run(progress: progress)
        let rendering = ConversionRendering(outcome: outcome)
        Console.output(options.json ? rendering.json.text(pretty: true) : rendering.text)
    }
}
