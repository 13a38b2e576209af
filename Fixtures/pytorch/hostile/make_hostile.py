"""Writes hostile PyTorch files: python3 make_hostile.py. None of them does harm where it is loaded
by mistake: what they would run is `true` or prints a word.

`expected.json` says of each whether it is refused and what must be said of it.
"""
import io
import json
import os
import pickle
import struct
import zipfile

os.chdir(os.path.dirname(os.path.abspath(__file__)))

EXPECTED = {}
PROTO2 = b"\x80\x02"
PROTO4 = b"\x80\x04"


def text(value):
    content = value if isinstance(value, bytes) else value.encode()
    return b"X" + struct.pack("<I", len(content)) + content


def short(value):
    content = value if isinstance(value, bytes) else value.encode()
    return b"\x8c" + bytes([len(content)]) + content


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def stack_name(module, attribute):
    return short(module) + short(attribute) + b"\x93"


def storage(key="0", count=4, kind=name("torch", "FloatStorage")):
    number = b"\x8a\x08" + struct.pack("<q", count)
    return b"(" + text("storage") + kind + text(key) + text("cpu") + number + b"tQ"


def integer(value):
    return b"\x8a\x08" + struct.pack("<q", value)


def integers(values):
    return b"(" + b"".join(map(integer, values)) + b"t"


def tensor(sizes=(4,), strides=(1,), offset=0, storage=storage()):
    return (name("torch._utils", "_rebuild_tensor_v2") + b"(" + storage + integer(offset)
            + integers(sizes) + integers(strides) + b"\x89" + name("collections", "OrderedDict")
            + b")RtR")


def entries(*pairs):
    """A dictionary with a tensor and whatever is given."""
    content = text("weight") + tensor()
    for key, value in pairs:
        content += text(key) + value
    return b"}(" + content + b"u"


def write(path, pickled, mention, refused=False, files=None, compression=zipfile.ZIP_STORED,
          storages=None):
    with zipfile.ZipFile(path + ".pt", "w", compression) as archive:
        def add(member, content):
            info = zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0))
            info.compress_type = compression
            archive.writestr(info, content)

        add("archive/data.pkl", pickled)
        add("archive/byteorder", b"little")
        for key, content in (storages or {"0": struct.pack("<4f", 1, 2, 3, 4)}).items():
            add("archive/data/" + key, content)
        add("archive/version", b"3\n")
        for member, content in (files or {}).items():
            add(member, content)
    EXPECTED[path + ".pt"] = {"refused": refused, "mentions": mention}


def plain(path, content, mention, refused=True):
    with open(path + ".pkl", "wb") as file:
        file.write(content)
    EXPECTED[path + ".pkl"] = {"refused": refused, "mentions": mention}


COMMAND = b"(" + text("true") + b"t"

# What runs code.
write("reduce", PROTO2 + entries(("x", name("os", "system") + COMMAND + b"R")) + b".",
      "called os.system('true')")
write("stack-global", PROTO4 + entries(("x", stack_name("os", "system") + COMMAND + b"R")) + b".",
      "called os.system('true')")
write("inst", PROTO2 + entries(("x", b"(" + text("true") + b"ios\nsystem\n")) + b".",
      "called os.system('true')")
write("obj", PROTO2 + entries(("x", b"(" + name("os", "system") + text("true") + b"o")) + b".",
      "called os.system('true')")
write("newobj", PROTO2 + entries(("x", name("subprocess", "Popen") + COMMAND + b"\x81")) + b".",
      "called subprocess.Popen('true')")
write("newobj-ex",
      PROTO4 + entries(("x", name("subprocess", "Popen") + COMMAND + b"}\x92")) + b".",
      "called subprocess.Popen('true')")
write("build", PROTO2 + entries(("x", name("evil", "Thing") + b")\x81}" + text("run")
                                 + text("true") + b"sb")) + b".", "called evil.Thing()")
write("build-class", PROTO2 + entries(("x", name("evil", "Thing") + b"}" + text("run")
                                       + text("true") + b"sb")) + b".",
      "called evil.Thing.__setstate__(")
write("environment", PROTO2 + entries(("x", name("os", "environ") + text("PATH") + text("/tmp")
                                       + b"s")) + b".", "called os.environ.__setitem__")
write("extension", PROTO2 + entries(("x", b"\x82\x05" + COMMAND + b"R")) + b".",
      "called copyreg extension.5('true')")
write("import", PROTO2 + entries(("x", name("antigravity", "geohash"))) + b".",
      "imported antigravity.geohash")
write("computed", PROTO2 + entries(("x", name("builtins", "getattr") + b"(" + name("os", "path")
                                    + text("join") + b"tR" + COMMAND + b"R")) + b".",
      "called builtins.getattr(os.path, 'join')")
write("nested-pickle", PROTO2 + entries(
    ("x", name("pickle", "loads") + b"(" + b"B" + struct.pack("<I", 24)
     + b"cos\nsystem\n(X\4\0\0\0truetR." + b"tR")) + b".", "called pickle.loads(24 bytes)")
write("root", PROTO2 + name("os", "system") + COMMAND + b"R.", "called os.system('true')")
write("popped", PROTO2 + name("os", "system") + COMMAND + b"R0" + entries() + b".",
      "called os.system('true')")
write("key", PROTO2 + b"}" + name("os", "system") + COMMAND + b"R" + tensor() + b"s.",
      "called os.system('true')")
write("in-arguments", PROTO2 + entries() [:-1] + text("y") + name("torch._utils",
      "_rebuild_parameter") + b"(" + tensor() + b"\x88" + name("os", "system") + COMMAND
      + b"RtRu.", "called os.system('true')")
write("rebuild-from-type", PROTO2 + entries(
    ("x", name("torch._tensor", "_rebuild_from_type_v2") + b"(" + name("os", "system")
     + name("torch", "Tensor") + COMMAND + b"NtR")) + b".", "called os.system('true')")
write("reconstructor", PROTO2 + entries(
    ("x", name("copy_reg", "_reconstructor") + b"(" + name("evil", "Thing")
     + name("__builtin__", "object") + b"NtR")) + b".", "called evil.Thing(")
write("codec", PROTO2 + entries(
    ("x", name("_codecs", "encode") + b"(" + text("a") + text("evil_codec") + b"tR")) + b".",
    "called _codecs.encode('a', 'evil_codec')")
write("schedule", PROTO2 + entries(
    ("x", name("torch.optim.lr_scheduler", "LambdaLR") + b"(N" + name("os", "system") + b"tR"))
    + b".", "called torch.optim.lr_scheduler.LambdaLR(None, os.system)")

# Ways around deny-lists.
for path, module, attribute in [
        ("alias-posix", "posix", "system"), ("alias-nt", "nt", "system"),
        ("builtins-eval", "builtins", "eval"), ("builtins-exec", "__builtin__", "exec"),
        ("runpy", "runpy", "_run_code"), ("numpy-testing", "numpy.testing._private.utils",
                                          "runstring"),
        ("torch-load", "torch", "load"), ("partial", "functools", "partial"),
        ("timeit", "timeit", "timeit"), ("pip", "pip", "main"),
        ("load-from-bytes", "torch.storage", "_load_from_bytes"),
        ("torch-hub", "torch.hub", "load"), ("attrgetter", "operator", "attrgetter"),
        ("idlelib", "idlelib.pyshell", "ModifiedInterpreter"),
        ("near-torch", "torch._utils_", "_rebuild_tensor_v2"),
        ("near-module", "torch.nn.modules.linear", "os")]:
    write(path, PROTO2 + entries(("x", name(module, attribute) + COMMAND + b"R")) + b".",
          f"called {module}.{attribute}('true')")
write("dotted", PROTO4 + entries(("x", stack_name("os", "path.os.system") + COMMAND + b"R")) + b".",
      "called os.path.os.system('true')")
write("dotted-module", PROTO4 + entries(
    ("x", stack_name("torch.nn.modules.module", "torch.os.system") + COMMAND + b"\x81")) + b".",
    "called torch.nn.modules.module.torch.os.system('true')")
write("newline-name", PROTO4 + entries(("x", stack_name("os\nx", "sys\ttem") + COMMAND + b"R")) + b".",
      "called os\\u{a}x.sys\\u{9}tem('true')")
write("unicode-name", PROTO4 + entries(
    ("x", stack_name("o\u200bs\u202e", "system") + COMMAND + b"R")) + b".",
    "called o\\u{200b}s\\u{202e}.system('true')")
write("terminal", PROTO2 + entries(
    ("x", name("os", "system") + b"(" + text("\x1b[2J\x07" + "a" * 500) + b"tR")) + b".",
    "called os.system('\\u{1b}[2J\\u{7}aaa")
write("memo-trick", PROTO4 + short("os") + b"\x94" + b"0" + short("system") + b"\x940"
      + entries(("x", b"h\0h\1\x93" + COMMAND + b"R")) + b".", "called os.system('true')")
write("memo-swap", PROTO2 + short("collections") + b"q\0" + b"0" + short("os") + b"q\0" + b"0"
      + entries(("x", b"h\0" + short("system") + b"\x93" + COMMAND + b"R")) + b".",
      "called os.system('true')")
write("after-broken", PROTO2 + name("os", "system") + COMMAND + b"R0\xff.",
      "called os.system('true')", refused=True)
write("without-stop", PROTO2 + name("os", "system") + COMMAND + b"R",
      "called os.system('true')", refused=True)
write("trailing", PROTO2 + entries() + b"." + name("os", "system") + COMMAND + b"R.", "")
write("deflated", PROTO2 + entries(("x", name("os", "system") + COMMAND + b"R")) + b".",
      "called os.system('true')", compression=zipfile.ZIP_DEFLATED)
write("deflate-bomb", PROTO2 + entries(("x", text(b"A" * (24 << 20)))) + b".", "data.pkl",
      refused=True, compression=zipfile.ZIP_DEFLATED)
write("two-pickles", PROTO2 + entries() + b".", "2 members data.pkl", refused=True,
      files={"other/data.pkl": PROTO2 + name("os", "system") + COMMAND + b"R."})

# What takes time or memory.
laughs = b"(lq\0" + b"".join(
    b"(" + b"h" + bytes([i]) * 1 + (b"h" + bytes([i])) * 9 + b"lq" + bytes([i + 1])
    for i in range(40))
write("laughs", PROTO2 + laughs + b".", "repeat each other", refused=True)
doubling = tensor() + b"q\0" + b"".join(
    (b"h" + bytes([i])) * 8 + b"(" + (b"h" + bytes([i])) * 8 + b"tq" + bytes([i + 1])
    for i in range(20))
write("doubling", PROTO2 + doubling + b".", "repeats its tensors", refused=True)
write("cycle", PROTO2 + b"}q\0" + text("self") + b"h\0s" + text("weight") + tensor() + b"s.", "")
write("long-bomb", PROTO2 + entries(("x", b"\x8b\xff\xff\xff\x7f")) + b".", "does not fit",
      refused=True)
write("negative-long", PROTO2 + entries(("x", b"\x8b\xff\xff\xff\xff")) + b".", "does not fit",
      refused=True)
write("text-bomb", PROTO4 + entries(("x", b"\x8d" + b"\xff" * 7 + b"\x7f")) + b".",
      "does not fit", refused=True)
write("text-overflow", PROTO4 + entries(("x", b"\x8d" + b"\xff" * 8)) + b".",
      "does not fit", refused=True)
write("frame-bomb", PROTO4 + b"\x95" + b"\xff" * 8 + entries() + b".", "does not fit",
      refused=True)
write("deep", PROTO2 + b")" + b"\x85" * 300_000 + b".", "deep", refused=True,
      compression=zipfile.ZIP_DEFLATED)
write("deep-lists", PROTO2 + b"(" * 60_000 + b"l" * 60_000 + b".", "deep", refused=True,
      compression=zipfile.ZIP_DEFLATED)
write("marks", PROTO2 + b"(" * 4_000_000 + b".", "more values", refused=True,
      compression=zipfile.ZIP_DEFLATED)
write("lists", PROTO2 + b"]" * 4_000_000 + b".", "more values", refused=True,
      compression=zipfile.ZIP_DEFLATED)
write("records", PROTO2 + name("a", "b") + b")R" * 4_000_000 + b".", "more values", refused=True,
      compression=zipfile.ZIP_DEFLATED)
write("memo-bomb", PROTO2 + b"Nr\xff\xff\xff\xff.", "memo index", refused=True)
write("underflow", PROTO2 + b"0.", "empty stack", refused=True)
write("mark-underflow", PROTO2 + b"N(R.", "empty stack", refused=True)
write("no-mark", PROTO2 + b"Nt.", "lacks a mark", refused=True)
write("unknown-memo", PROTO2 + b"h\7.", "never kept", refused=True)
write("buffer", b"\x80\x05\x97.", "not in the file", refused=True)
write("protocol", b"\x80\x09N.", "protocol 9", refused=True)

# Tensors that are not there.
big = 1 << 40
write("expand-bomb", PROTO2 + b"}" + text("bomb") + tensor((big,), (0,)) + b"s" + text("weight")
      + tensor() + b"s.", "")
write("expand-square", PROTO2 + b"}" + text("bomb") + tensor((1 << 20, 1 << 20), (0, 0)) + b"s"
      + text("weight") + tensor() + b"s.", "")
write("shape-overflow", PROTO2 + tensor((1 << 40, 1 << 40), (0, 0)) + b".", "more elements",
      refused=True)
write("stride-overflow", PROTO2 + tensor((1 << 40, 4), (1 << 40, 1)) + b".", "leave",
      refused=True)
write("negative-stride", PROTO2 + tensor((4,), (-1,), 3) + b".", "negative", refused=True)
write("negative-offset", PROTO2 + tensor(offset=-1) + b".", "negative", refused=True)
write("negative-size", PROTO2 + tensor((-4,)) + b".", "negative", refused=True)
write("large-offset", PROTO2 + tensor(offset=(1 << 63) - 1) + b".", "leave", refused=True)
write("beyond-storage", PROTO2 + tensor((5,)) + b".", "leave", refused=True)
write("count-lie", PROTO2 + tensor((1000,), storage=storage(count=1000)) + b".",
      "has 16 bytes, expected 4000", refused=True)
write("count-overflow", PROTO2 + tensor(storage=storage(count=(1 << 63) - 1)) + b".",
      "too large", refused=True)
write("missing-storage", PROTO2 + tensor(storage=storage("9")) + b".", "not in the file",
      refused=True)
write("path-storage", PROTO2 + tensor(storage=storage("../version")) + b".", "not in the file",
      refused=True)
write("foreign-storage", PROTO2 + tensor(storage=storage(kind=name("evil", "Storage"))) + b".",
      "evil.Storage", refused=True)
write("rank-bomb", PROTO2 + tensor((1,) * 500, (1,) * 500) + b".", "500 dimensions", refused=True)
write("numpy-bomb", PROTO2 + entries(
    ("x", name("numpy._core.multiarray", "_reconstruct") + b"(" + name("numpy", "ndarray")
     + b"K\0\x85" + text("b") + b"tR(K\1" + integers((big,)) + name("numpy", "dtype") + b"("
     + text("f4") + b"\x89\x88tR\x89B\4\0\0\0aaaatb")) + b".", "4 bytes of data", refused=True)

# Pickles that are no files of PyTorch.
plain("protocol-0", b"cos\nsystem\n(S'true'\ntR.", "called os.system('true')")
plain("protocol-4", pickle.dumps({"a": [1, 2]}, 4), "a Python pickle of")
plain("metadata", PROTO2 + name("torch.distributed.checkpoint.metadata", "Metadata") + b")\x81.",
      "distributed PyTorch checkpoint")

with open("expected.json", "w") as file:
    json.dump(EXPECTED, file, indent=1, sort_keys=True)
