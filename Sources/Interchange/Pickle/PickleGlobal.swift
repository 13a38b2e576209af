// SPDX-License-Identifier: Apache-2.0

/// Something outside the pickle that it names: a function or a class that a loader would import.
struct PickleGlobal: Sendable {
    struct Name: Hashable, Sendable, CustomStringConvertible {
        let module: String
        let name: String

        var description: String { module + "." + name }

        // By bytes: as text, the Kelvin sign equals a K, and Python tells the two apart.
        static func == (left: Name, right: Name) -> Bool {
            left.module.utf8.elementsEqual(right.module.utf8)
                && left.name.utf8.elementsEqual(right.name.utf8)
        }

        func hash(into hasher: inout Hasher) {
            for text in [module, name] {
                for byte in text.utf8 { hasher.combine(byte) }
                hasher.combine(0xFF as UInt8)
            }
        }
    }

    enum Use: Sendable {
        /// Called with these arguments, or asked for a new object.
        case call(PickleValue)
        /// Given this state: `__setstate__`, which is any code, or attributes.
        case state(PickleValue)
        case items
        /// Called in a way that its harmless uses are not.
        case misuse(PickleValue)
    }

    let name: Name
    /// Where the pickle first names it.
    let offset: Int
    let value: PickleValue
    private(set) var callCount = 0
    /// Of the first call.
    private(set) var arguments = PickleValue.absent
    private(set) var state = PickleValue.absent
    private(set) var isChanged = false
    private(set) var trust: Trust
    /// Which argument it would call in turn; its third argument is what it would call that with.
    let calledArgument: Int?

    init(name: Name, offset: Int, value: PickleValue) {
        trust = Trust(name)
        calledArgument = name.calledArgument
        self.name = name
        self.offset = offset
        self.value = value
    }

    mutating func note(_ use: Use) {
        switch use {
        case .call(let arguments):
            if callCount == 0 { self.arguments = arguments }
            callCount += 1
        case .state(let state): if self.state == .absent { self.state = state }
        case .items:
            isChanged = true
            trust = .unknown
        case .misuse(let arguments):
            if trust != .unknown { self.arguments = arguments }
            if callCount == 0 { self.arguments = arguments }
            trust = .unknown
            callCount += 1
        }
    }
}
