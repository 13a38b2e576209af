// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Images with labels, to be stored so that the store needs no other file.
public struct DatasetContent: Sendable {
    public var images: LabelledImages
    public var metadata: JSON

    public init(images: LabelledImages, metadata: JSON = [:]) {
        self.images = images
        self.metadata = metadata
    }

    func draft() throws(ContentProblem) -> ObjectDraft {
        guard images.classCount <= Int(UInt16.max) + 1 else {
            throw ContentProblem("\(images.classCount) classes, expected at most 65536")
        }
        var draft = ObjectDraft(kind: .dataset, metadata: metadata)
        try draft.addMetadata(StoreFormat.MetadataKey.classCount, .integer(images.classCount))
        try draft.addMetadata(
            StoreFormat.MetadataKey.classNames, .array(images.classNames.map { .string($0) }))
        let labels = images.labels.map { UInt16($0) }
        draft.arrays = [
            ArrayDraft("images", images.images, axes: "NCHW", isTable: true, isShareable: true),
            ArrayDraft(
                "labels", Tensor(trusted: .u16, shape: [labels.count], values: labels), axes: "N"),
        ]
        return draft
    }
}
