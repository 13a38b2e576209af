"""Writes files with h5py in every combination of what the format knows."""

import pathlib

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t

VERSIONS = {"earliest": None, "v108": ("v108", "v108"), "v110": ("v110", "v110"), "latest": ("latest", "latest")}
SHAPES = {"scalar": (), "one": (1,), "empty": (0, 3), "line": (17,), "square": (7, 5), "cube": (3, 4, 5),
          "four": (2, 3, 2, 4)}
FILTERS = {
    "none": {}, "gzip": {"compression": "gzip"}, "shuffled": {"compression": "gzip", "shuffle": True},
    "summed": {"fletcher32": True}, "all": {"compression": "gzip", "shuffle": True, "fletcher32": True},
    "lzf": {"compression": "lzf"},
}


def numbers(dtype):
    def make(shape):
        count = int(np.prod(shape, dtype=int))
        values = (np.arange(count) * 37 + 11) % 101 - (50 if np.dtype(dtype).kind != "u" else 0)
        return values.reshape(shape).astype(dtype)
    return make


def strings(dtype):
    def make(shape):
        values = np.empty(shape, dtype=dtype)
        for index in np.ndindex(*shape):
            values[index] = f"text {sum(index)}".encode()
        return values
    return make


def structured(dtype):
    def make(shape):
        values = np.zeros(shape, dtype=dtype)
        raw = np.frombuffer(values.tobytes(), "u1").copy()
        values = np.zeros(shape, dtype=dtype)
        for name in np.dtype(dtype).names:
            field = values[name]
            if field.dtype.kind in "iuf":
                field[...] = (np.arange(field.size).reshape(field.shape) * 7 + 3) % 97
            elif field.dtype.kind == "S":
                field[...] = b"ab"
            elif field.dtype.names:
                for inner in field.dtype.names:
                    if field[inner].dtype.kind in "iuf":
                        field[inner][...] = 5
        assert raw.size == values.nbytes
        return values
    return make


NESTED = np.dtype([("x", "<f4"), ("y", ">i2", (2,)), ("name", "S3")])
TYPES = {
    **{f"{order}{code}": numbers(("<" if order == "little" else ">") + code)
       for order in ("little", "big") for code in ("i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8")},
    "i1": numbers("i1"), "u1": numbers("u1"), "bool": lambda shape: numbers("i4")(shape) % 2 == 0,
    "complex64": lambda shape: (numbers("f4")(shape) * (1 + 2j)).astype("c8"),
    "fixed": strings("S7"), "opaque": lambda shape: numbers("<u4")(shape).astype("<u4").view("V4"),
    "compound": structured([("a", "<i4"), ("b", ">f8"), ("c", "S5")]),
    "nested": structured([("inner", NESTED), ("many", NESTED, (2,)), ("count", "<u8")]),
}


def storages(shape):
    """Keyword arguments of create_dataset by name, for a shape."""
    yield "contiguous", {}
    if shape and 0 not in shape:
        chunk = tuple(max(1, extent // 2) for extent in shape)
        for name, options in FILTERS.items():
            yield f"chunked-{name}", {"chunks": chunk, **options}
            yield f"whole-{name}", {"chunks": shape, **options}
        for name in ("none", "gzip"):
            yield f"growing-{name}", {"chunks": chunk, "maxshape": (None, *shape[1:]), **FILTERS[name]}
        if len(shape) > 1:
            yield "growing-two", {"chunks": chunk, "maxshape": (None, None, *shape[2:])}
            yield "growing-two-gzip", {"chunks": chunk, "maxshape": (None, None, *shape[2:]), "compression": "gzip"}


def write_types(folder: pathlib.Path, version: str, quick: bool) -> list[pathlib.Path]:
    paths = []
    for type_name, make in TYPES.items():
        path = folder / f"{version}-{type_name}.h5"
        with h5py.File(path, "w", libver=VERSIONS[version]) as file:
            for shape_name, shape in SHAPES.items():
                values = make(shape)
                for storage, options in storages(shape):
                    if quick and storage not in ("contiguous", "chunked-all", "growing-none"):
                        continue
                    dataset = file.create_dataset(f"{shape_name}/{storage}", data=values, **options)
                    if storage == "contiguous":
                        dataset.attrs["value"] = values if values.dtype.kind != "V" else 1
        paths.append(path)
    return paths


def raw_dataset(group, name, kind, shape, layout=None, early=False, values=None):
    properties = h5p.create(h5p.DATASET_CREATE)
    if layout is not None:
        properties.set_layout(layout)
    if early:
        properties.set_alloc_time(h5d.ALLOC_TIME_EARLY)
    dataset = h5d.create(group.id, name.encode(), kind, h5s.create_simple(shape), properties)
    if values is not None:
        dataset.write(h5s.ALL, h5s.ALL, values)
    return h5py.Dataset(dataset)


def write_odd_types(file) -> None:
    group = file.create_group("odd")
    for base, dtype in ((h5t.STD_I16LE, "i2"), (h5t.STD_I32BE, "i4"), (h5t.STD_U32LE, "u4"), (h5t.STD_I64LE, "i8"),
                        (h5t.STD_U64BE, "u8")):
        for spare, offset in ((3, 0), (5, 2), (1, 1)):
            kind = base.copy()
            kind.set_precision(kind.get_size() * 8 - spare)
            kind.set_offset(offset)
            values = np.arange(9, dtype=dtype) - np.dtype(dtype).type(4 if dtype[0] == "i" else 0)
            raw_dataset(group, f"{dtype}-{spare}-{offset}", kind, (9,), values=values)
    for size, (sign, exponent, bits, mantissa, width, bias) in {2: (15, 7, 8, 0, 7, 127), 3: (23, 17, 6, 0, 17, 31),
                                                              4: (31, 21, 10, 0, 21, 511)}.items():
        kind = (h5t.IEEE_F64LE if size == 3 else h5t.IEEE_F32LE).copy()
        kind.set_fields(sign, exponent, bits, mantissa, width)
        kind.set_size(size)
        kind.set_ebias(bias)
        values = np.array([0, 1.5, -2, 0.25, 3], "f8" if size == 3 else "f4")
        raw_dataset(group, f"float{size}", kind, (5,), values=values)
    texts = file.create_group("texts")
    for name, kind in (("utf8", h5py.string_dtype()), ("ascii", h5py.string_dtype("ascii")),
                       ("fixed", h5py.string_dtype("utf-8", 9))):
        words = ["a", "b" if name == "ascii" else "ünï", ""]
        texts.create_dataset(name, data=[word.encode() for word in words], dtype=kind)
        texts.create_dataset(name + "-chunked", data=[b"x"] * 5, dtype=kind, chunks=(2,), compression="gzip")
        texts.attrs[name] = np.array(["one", "two"], dtype=object)
    # Not big-endian ones: h5py 3.16 hands out their bytes unswapped, as numbers of this machine.
    for base in ("<i4", "<f8", "<u1"):
        dataset = texts.create_dataset("sequence" + base[1:], (4,), h5py.vlen_dtype(base))
        for index in range(4):
            dataset[index] = np.arange(index * 3).astype(base)
        texts.attrs.create("sequence" + base[1:], np.array([np.arange(2).astype(base), np.arange(3).astype(base)],
                                                           dtype=object), dtype=h5py.vlen_dtype(base))
    file.create_dataset("enum", data=[0, 2, 1], dtype=h5py.enum_dtype({"A": 0, "B": 1, "C": 2}, "<i2"))
    file.create_dataset("reference", data=[file["enum"].ref, file.ref], dtype=h5py.ref_dtype)
    file.create_dataset("region", data=[file["enum"].regionref[:2]], dtype=h5py.regionref_dtype)
    file["null"] = h5py.Empty("<f4")
    file.attrs["null"] = h5py.Empty("<i2")


def write_storage(file) -> None:
    raw_dataset(file, "compact", h5t.STD_I32LE, (6,), h5d.COMPACT, values=np.arange(6, dtype="i4"))
    raw_dataset(file, "early", h5t.STD_I32LE, (6,), h5d.CONTIGUOUS, early=True)
    file.create_dataset("never", (5, 3), "<f8", fillvalue=2.5)
    file.create_dataset("never-chunked", (50,), "<i4", chunks=(7,), fillvalue=-3)
    sparse = file.create_dataset("sparse", (100, 100), "<i4", chunks=(10, 10), fillvalue=9, compression="gzip")
    sparse[35:52, 71:90] = 4
    grown = file.create_dataset("grown", (3,), "<i8", chunks=(2,), maxshape=(None,))
    grown.resize((2000,))
    grown[1500:] = 8
    paged = file.create_dataset("paged", (3000,), "<u1", chunks=(1,), maxshape=(None,))
    paged[:] = np.arange(3000) % 251
    many = file.create_dataset("fixed-paged", (2500,), "<u1", chunks=(1,))
    many[::3] = 7
    wide = file.create_dataset("tree", (60, 60), "<u1", chunks=(2, 2), maxshape=(None, None))
    wide[:, :] = np.arange(3600).reshape(60, 60) % 253
    masked = file.create_dataset("masked", (8,), "<i4", chunks=(4,), compression="gzip", shuffle=True)
    masked.id.write_direct_chunk((0,), np.arange(4, dtype="<i4").tobytes(), filter_mask=3)
    masked[4:] = 5


def write_structure(file) -> None:
    for index in range(600):
        file[f"many/link {index}"] = index
    for index in range(90):
        file["many"].attrs[f"attribute {index}"] = np.arange(index % 5)
    group = file
    for index in range(50):
        group = group.create_group(f"deep{index}")
    group["end"] = 1.5
    file["ünïcødé/κόσμος/日本"] = np.arange(3)
    file["hard"] = file["many/link 3"]
    file["soft"] = h5py.SoftLink("/many/link 4")
    file["outside"] = h5py.ExternalLink("elsewhere.h5", "/x")
    file["type"] = np.dtype("<f4")
    file.create_dataset("of type", data=[1, 2], dtype=file["type"])
    ordered = file.create_group("ordered", track_order=True)
    for name in "zyx":
        ordered[name] = 1
        ordered.attrs[name] = 2


def write_all(folder: pathlib.Path, quick: bool) -> list[pathlib.Path]:
    paths = []
    for version, bounds in VERSIONS.items():
        paths += write_types(folder, version, quick)
        for name, write in {"odd": write_odd_types, "storage": write_storage, "structure": write_structure}.items():
            for block in (0, 512, 4096):
                path = folder / f"{version}-{name}-{block}.h5"
                with h5py.File(path, "w", libver=bounds, userblock_size=block) as file:
                    write(file)
                paths.append(path)
    return paths
