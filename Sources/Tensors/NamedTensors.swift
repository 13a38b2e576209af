// SPDX-License-Identifier: Apache-2.0

/// Tensors by name, in the order they were added; names are unique.
///
/// Names of parameters are slash-separated paths in PyTorch's words: `conv1/weight`,
/// `bn1/running_mean`.
public struct NamedTensors: Sendable, Equatable {
    public private(set) var names: [String] = []
    private var tensors: [String: Tensor] = [:]

    public init() {}

    public var count: Int { names.count }
    public var isEmpty: Bool { names.isEmpty }

    public subscript(name: String) -> Tensor? {
        get { tensors[name] }
        set {
            if let newValue {
                if tensors.updateValue(newValue, forKey: name) == nil { names.append(name) }
            } else if tensors.removeValue(forKey: name) != nil {
                names.removeAll { $0 == name }
            }
        }
    }

    /// Bytes of all tensors together.
    public var byteCount: Int { tensors.values.reduce(0) { $0 + $1.byteCount } }
    /// Elements of all tensors together: the parameter count of a model.
    public var elementCount: Int { tensors.values.reduce(0) { $0 + $1.shape.elementCount } }
}

extension NamedTensors: Sequence {
    public func makeIterator() -> AnyIterator<(name: String, tensor: Tensor)> {
        var position = names.startIndex
        return AnyIterator {
            guard position < names.endIndex else { return nil }
            let name = names[position]
            position += 1
            return tensors[name].map { (name, $0) }
        }
    }
}
