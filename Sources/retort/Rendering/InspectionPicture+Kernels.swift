// SPDX-License-Identifier: Apache-2.0

import Interchange
import Reporting
import Tensors

/// The kernels of a convolution as tiles: a row an input channel, a column an output channel.
struct KernelTiles {
    private let height: Int
    private let width: Int
    private let inputs: Int
    private let outputs: Int
    private let layout: ParameterRole.Layout
    private let isDepthwise: Bool

    init?(_ shape: Shape, role: ParameterRole?, _ elementType: ElementType) {
        guard shape.rank == 4, elementType.isFloatingPoint else { return nil }
        if let role {
            switch role.kind {
            case .convolution, .transposedConvolution, .depthwiseConvolution: break
            default: return nil
            }
            guard role.parameter == .kernel else { return nil }
        }
        layout = role?.layout ?? .pytorch
        isDepthwise = role?.kind == .depthwiseConvolution
        // Transposed convolutions have inputs and outputs the other way round in both layouts.
        if layout == .pytorch {
            (outputs, inputs, height, width) = (shape[0], shape[1], shape[2], shape[3])
        } else {
            (height, width, inputs, outputs) = (shape[0], shape[1], shape[2], shape[3])
        }
        // Without a role only what is square and small is taken for a kernel.
        guard height <= 16, width <= 16, height * width > 1,
            role != nil || (height == width && height <= 7)
        else { return nil }
    }

    func picture(_ rows: TensorRows) throws -> TensorPicture {
        let columns = max(1, min(outputs, 16, (TensorPicture.width + 1) / (width + 1)))
        let isColour = inputs == 3 && !isDepthwise
        let tileRows = isColour ? 1 : min(inputs, 4)
        // In Keras's order the outputs are innermost, so every row is needed.
        let tensor = try rows.first(layout == .pytorch ? columns : rows.shape[0])
        func weight(_ place: TileCanvas.Place) -> Double {
            let input = isColour ? place.channel : place.tileRow
            let output = place.tileColumn
            let index =
                layout == .pytorch
                ? ((output * inputs + input) * height + place.row) * width + place.column
                : ((place.row * width + place.column) * inputs + input) * outputs + output
            return tensor.numbers(index..<(index + 1))[0]
        }
        let canvas = TileCanvas(
            rows: tileRows, columns: columns, height: height, width: width,
            channels: isColour ? 3 : 1)
        let places = canvas.places
        let largest = places.reduce(0.0) { largest, place in
            let value = weight(place)
            return value.isFinite ? max(largest, abs(value)) : largest
        }
        let scale = largest > 0 ? 0.5 / largest : 0
        let bound = NumberText.short(largest)
        return TensorPicture(
            caption: "kernels to \(columns) of \(outputs) channels, "
                + (isColour ? "3 inputs as colours" : "from \(tileRows) of \(inputs), a row each")
                + ", black -\(bound) to white \(bound)",
            image: canvas.image { 0.5 + weight($0) * scale })
    }
}
