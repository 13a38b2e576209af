// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A model's configuration: `config.json` of a `.keras` file, `model_config` of a legacy one.
struct KerasConfig: Sendable {
    /// All of it, as it stands.
    let json: JSON
    /// The layers, where the model is one of layers and the configuration says how they join.
    let model: KerasModel?
    /// Why there is no ``model``.
    let problem: String?
    /// What another loader would run.
    let remarks: [String]

    init(json: JSON) {
        self.json = json
        var code = KerasCode()
        code.search(json)
        remarks = code.remarks
        do throws(KerasModel.Refusal) {
            model = try KerasModel(json, depth: 0)
            problem = nil
        } catch {
            model = nil
            problem = error.reason
        }
    }

    /// Reads JSON text from a stranger's file.
    ///
    /// - Throws: ``InterchangeError`` for what is not JSON and for text that would take far more
    ///   memory as JSON than the model of a network does.
    init(parsing text: UnsafeRawBufferPointer, path: String) throws(InterchangeError) {
        if let excess = Self.excess(text) {
            throw InterchangeError(.malformed, path, "the model's configuration \(excess)")
        }
        do throws(JSONError) {
            self.init(json: try JSON(parsing: text))
        } catch {
            throw InterchangeError(
                .malformed, path, "the model's configuration is not JSON: \(error)")
        }
    }

    init(parsing text: String, path: String) throws(InterchangeError) {
        let bytes = Array(text.utf8)
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(InterchangeError) in try KerasConfig(parsing: buffer, path: path) }
        }
        self = try result.get()
    }

    /// Limits above any real model: a network of a thousand layers takes 2 MB and 30,000 objects.
    private static let mostBytes = 16 << 20
    private static let mostContainers = 150_000
    private static let mostValues = 600_000

    private static func excess(_ text: UnsafeRawBufferPointer) -> String? {
        guard text.count <= mostBytes else {
            return "takes \(text.count) bytes, at most \(mostBytes) are read"
        }
        var containers = 0
        var values = 0
        for byte in text {
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["): containers += 1
            case UInt8(ascii: ","): values += 1
            default: continue
            }
        }
        guard containers <= mostContainers, values <= mostValues else {
            return "has more than \(mostContainers) objects or \(mostValues) values"
        }
        return nil
    }
}

/// Finds what a configuration would have another loader run or import.
struct KerasCode {
    private(set) var remarks: [String] = []
    private var modules: Set<String> = []

    /// Depth is bounded by the JSON parser.
    mutating func search(_ json: JSON) {
        // A thousand remarks say no more than fifty.
        guard remarks.count < 50 else { return }
        switch json {
        case .array(let elements): elements.forEach { search($0) }
        case .object(let members):
            inspect(json)
            for (_, value) in members.sorted(by: { $0.key < $1.key }) { search(value) }
        default: return
        }
    }

    private mutating func inspect(_ object: JSON) {
        guard let className = object["class_name"]?.stringValue else { return }
        let name = object["config"]?["name"]?.stringValue ?? object["name"]?.stringValue
        switch className {
        case "Lambda", "TFOpLambda", "SlicingOpLambda":
            remarks.append(
                "\(className) layer '\(name ?? "")' holds code, which is not evaluated")
        case "__lambda__":
            remarks.append("a lambda function holds compiled code, which is not evaluated")
        default:
            guard let module = object["module"]?.stringValue, module != "builtins",
                module != "keras", !module.hasPrefix("keras."), module != "tensorflow",
                modules.insert(module + "." + className).inserted
            else {
                noteCustom(object, className, name)
                return
            }
            remarks.append(
                "class '\(className)' comes from the module '\(module)', which is not imported")
        }
    }

    /// A class of the user's own is registered under `package>Name`.
    private mutating func noteCustom(_ object: JSON, _ className: String, _ name: String?) {
        let registered = object["registered_name"]?.stringValue
        guard let registered, registered.contains(">"), modules.insert(registered).inserted else {
            return
        }
        remarks.append("class '\(registered)' is the writer's own, which is not imported")
    }
}
