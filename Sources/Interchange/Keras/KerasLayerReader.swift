// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Reads a layer's configuration, with Keras's defaults for what is left out.
struct KerasLayerReader {
    /// The layer as people know it: nested names joined by dots.
    let name: String
    let className: String
    let config: JSON

    init(_ layer: KerasLayer, name: String) {
        self.name = name
        className = layer.className
        config = layer.config
    }

    func integer(_ key: String, _ standard: Int) -> Int { config[key]?.integerValue ?? standard }
    func number(_ key: String, _ standard: Double) -> Double {
        config[key]?.doubleValue ?? standard
    }
    func flag(_ key: String, _ standard: Bool) -> Bool { config[key]?.boolValue ?? standard }

    /// An integer or a pair of them.
    func pair(_ key: String) -> [Int]? {
        guard let json = config[key] else { return nil }
        if let side = json.integerValue { return [side, side] }
        let sides = (json.arrayValue ?? []).compactMap(\.integerValue)
        return sides.count == 2 && json.arrayValue?.count == 2 ? sides : nil
    }

    /// Numbers, whatever lists they are nested in; nil when there is anything else.
    func numbers(_ key: String) -> [Double]? {
        guard let json = config[key], json != .null else { return nil }
        var found: [Double] = []
        return Self.collect(json, into: &found) && !found.isEmpty ? found : nil
    }

    private static func collect(_ json: JSON, into found: inout [Double]) -> Bool {
        if let number = json.doubleValue {
            found.append(number)
            return true
        }
        guard let elements = json.arrayValue else { return false }
        return elements.allSatisfy { collect($0, into: &found) }
    }

    /// The name of an activation; nil for one that is no plain function of Keras's own.
    func activationName(_ key: String = "activation") -> String? {
        switch config[key] {
        case nil, .null: return "linear"
        case .string(let name): return name
        case .some(let json):
            guard json["class_name"]?.stringValue == "function",
                json["module"]?.stringValue?.hasPrefix("keras") == true
            else { return nil }
            return json["config"]?.stringValue
        }
    }
}
