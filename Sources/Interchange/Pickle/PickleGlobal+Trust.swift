// SPDX-License-Identifier: Apache-2.0

extension PickleGlobal {
    /// What is known of something that a pickle names. Nothing here is ever run; it decides what
    /// is reported. Whatever is not on a list is unknown.
    enum Trust: Sendable {
        /// Makes plain data of its arguments.
        case plain
        /// A class of PyTorch's own modules and optimisers, whose objects are made without a call.
        case module
        /// A class of a TorchScript archive, which lives in its `code` and not in Python.
        case script
        /// A function of PyTorch that modules refer to, harmless until it is called.
        case reference
        case unknown

        init(_ name: Name) {
            self =
                if Self.plainNames[name.module]?.contains(name.name) == true {
                    .plain
                } else if name.module == "__torch__" || name.module.hasPrefix("__torch__.") {
                    .script
                } else if name.isModuleClass {
                    .module
                } else if name.isIdentifier,
                    ["torch.nn.functional", "torch._C._nn"].contains(name.module)
                {
                    .reference
                } else {
                    .unknown
                }
        }

        private static let storages: Set<String> = [
            "BFloat16Storage", "BoolStorage", "ByteStorage", "CharStorage", "ComplexDoubleStorage",
            "ComplexFloatStorage", "DoubleStorage", "FloatStorage", "HalfStorage", "IntStorage",
            "LongStorage", "QInt32Storage", "QInt8Storage", "QUInt2x4Storage", "QUInt4x2Storage",
            "QUInt8Storage", "ShortStorage", "TypedStorage", "UntypedStorage",
        ]
        private static let builtins: Set<String> = [
            "bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list",
            "object", "range", "set", "slice", "str", "tuple", "unicode", "long",
        ]
        private static let arrays: Set<String> = ["_reconstruct", "scalar"]
        private static let numpyTypes: Set<String> = [
            "ndarray", "dtype", "bool_", "bool", "int8", "int16", "int32", "int64", "uint8",
            "uint16", "uint32", "uint64", "float16", "float32", "float64", "complex64",
            "complex128", "str_", "bytes_",
        ]

        private static let plainNames: [String: Set<String>] = [
            "torch": storages.union(TorchElementType.names).union([
                "Size", "Tensor", "device", "per_channel_affine", "per_tensor_affine",
                "per_channel_symmetric", "per_tensor_symmetric", "per_channel_affine_float_qparams",
                "strided", "sparse_coo", "sparse_csr", "contiguous_format", "channels_last",
                "channels_last_3d", "preserve_format",
            ]),
            "torch.cuda": storages,
            "torch.storage": [
                "TypedStorage", "UntypedStorage", "_TypedStorage", "_UntypedStorage",
            ],
            "torch._utils": [
                "_rebuild_device_tensor_from_cpu_tensor", "_rebuild_device_tensor_from_numpy",
                "_rebuild_meta_tensor_no_storage", "_rebuild_nested_tensor", "_rebuild_parameter",
                "_rebuild_parameter_with_state", "_rebuild_qtensor", "_rebuild_sparse_csr_tensor",
                "_rebuild_sparse_tensor", "_rebuild_tensor", "_rebuild_tensor_v2",
                "_rebuild_tensor_v3", "_rebuild_wrapper_subclass",
            ],
            "torch._tensor": ["_rebuild_from_type", "_rebuild_from_type_v2"],
            "torch.tensor": ["_rebuild_from_type"],
            "torch.serialization": ["_get_layout"],
            "torch.nn.parameter": [
                "Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter",
            ],
            "torch.jit._pickle": [
                "build_boollist", "build_doublelist", "build_intlist", "build_tensor_from_id",
                "build_tensorlist", "restore_type_tag",
            ],
            "collections": ["Counter", "OrderedDict", "defaultdict", "deque"],
            "builtins": builtins,
            "__builtin__": builtins,
            "copyreg": ["_reconstructor"],
            "copy_reg": ["_reconstructor"],
            "_codecs": ["encode"],
            "argparse": ["Namespace"],
            "types": ["SimpleNamespace"],
            "datetime": ["date", "datetime", "time", "timedelta", "timezone"],
            "pathlib": [
                "Path", "PosixPath", "PurePath", "PurePosixPath", "PureWindowsPath", "WindowsPath",
            ],
            "pathlib._local": ["Path", "PosixPath", "PurePosixPath", "WindowsPath"],
            "decimal": ["Decimal"],
            "fractions": ["Fraction"],
            "numpy": numpyTypes,
            "numpy.dtypes": [
                "BoolDType", "Float16DType", "Float32DType", "Float64DType", "Int16DType",
                "Int32DType", "Int64DType", "Int8DType", "UInt16DType", "UInt32DType",
                "UInt64DType", "UInt8DType",
            ],
            "numpy.core.multiarray": arrays,
            "numpy._core.multiarray": arrays,
            "numpy.core.numeric": ["_frombuffer"],
            "numpy._core.numeric": ["_frombuffer"],
        ]
    }

    /// Whether the call is of the harmless kind that ``Trust`` has in mind.
    func takes(
        _ arguments: ArraySlice<PickleValue>, making: PickleRecord.Making, in graph: PickleGraph
    ) -> Bool {
        // Called with arguments, a module runs its own initialiser, and a learning-rate schedule
        // calls what it is given.
        if trust == .module { return making == .new }
        guard name.module == "_codecs" else { return true }
        // Naming a codec imports a module of that name.
        let codec = arguments.last.flatMap { graph.string($0) }
        return arguments.count == 2 && ["latin1", "latin-1", "utf-8", "ascii"].contains(codec)
    }

    /// Whether the argument it calls is asked for a new object only.
    var callsNew: Bool { name.name == "_reconstructor" }

    /// Whether to name it first. It decides about the order of a report and nothing else.
    var isNotorious: Bool {
        let root = name.module.prefix { $0 != "." }
        return [
            "os", "posix", "nt", "subprocess", "builtins", "__builtin__", "sys", "socket", "shutil",
            "runpy", "pty", "commands", "webbrowser", "importlib", "ctypes", "pickle", "_pickle",
            "asyncio", "multiprocessing", "timeit", "pdb", "bdb", "code", "pip",
        ].contains(root)
    }
}

extension PickleGlobal.Name {
    /// ASCII letters, digits and underscores: no dot, by which `STACK_GLOBAL` reaches further.
    var isIdentifier: Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "_") || (0x30...0x39) ~= byte || (0x41...0x5A) ~= byte
                    || (0x61...0x7A) ~= byte
            }
    }

    var isModuleClass: Bool {
        guard isIdentifier, let first = name.utf8.first, (0x41...0x5A) ~= first else {
            return false
        }
        return module.hasPrefix("torch.nn.modules.") || module.hasPrefix("torch.optim.")
    }

    /// Which argument the function would call in turn.
    var calledArgument: Int? {
        switch (module, name) {
        case ("torch._tensor", "_rebuild_from_type_v2"), ("torch._tensor", "_rebuild_from_type"),
            ("torch.tensor", "_rebuild_from_type"), ("copyreg", "_reconstructor"),
            ("copy_reg", "_reconstructor"):
            0
        default: nil
        }
    }

    /// As it may stand in a sentence on a terminal.
    var shown: String { PickleText.escaped(module) + "." + PickleText.escaped(name) }
}
