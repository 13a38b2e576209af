"""What h5py sees in a file, in the words of `retort-bench hdf5-dump`, and how the two differ."""

import hashlib

import h5py
import numpy as np

NAMES = {"bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16", "uint32": "U32",
         "int32": "I32", "uint64": "U64", "int64": "I64", "float16": "F16", "float32": "F32", "float64": "F64"}


class Unknown(Exception):
    """h5py has no value to compare with."""


def tensor(array) -> dict:
    array = np.asarray(array)
    if array.dtype.name not in NAMES:
        raise Unknown(array.dtype.name)
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"))
    found = {"type": NAMES[array.dtype.name], "shape": list(array.shape),
             "sha256": hashlib.sha256(little.tobytes()).hexdigest()}
    if found["type"] == "F32":
        # NumPy has no bfloat16: h5py widens it, which is exact.
        found["bfloat16"] = hashlib.sha256((little.view("<u4") >> 16).astype("<u2").tobytes()).hexdigest()
    return found


def texts(array) -> dict:
    flat = np.asarray(array, dtype=object).reshape(-1)
    return {"texts": [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in flat]}


def value(array, dtype) -> dict:
    """The value of a dataset, an attribute or a member."""
    if h5py.check_ref_dtype(dtype):
        raise Unknown("reference")
    if h5py.check_string_dtype(dtype):
        return texts(array)
    base = h5py.check_vlen_dtype(dtype)
    if base is not None:
        return {"sequences": [tensor(np.asarray(item, dtype=base)) for item in np.asarray(array, object).reshape(-1)]}
    if dtype.kind == "c":
        array = np.asarray(array)
        return {"members": {"r": tensor(array.real), "i": tensor(array.imag)}}
    if dtype.names:
        array = np.asarray(array)
        return {"members": {name: member(array[name], dtype[name]) for name in dtype.names}}
    if dtype.kind == "V" and dtype.subdtype is None:
        return {"bytes": hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()}
    return tensor(array)


def member(array, dtype) -> dict:
    base = dtype.subdtype[0] if dtype.subdtype else dtype
    return value(array, base)


def attributes(item) -> dict:
    found = {}
    for name in item.attrs:
        try:
            raw = item.attrs[name]
            dtype = item.attrs.get_id(name).dtype
            if isinstance(raw, h5py.Empty):
                found[name] = None
            elif h5py.check_string_dtype(dtype) is None and dtype.kind in "Vc":
                found[name] = None
            else:
                found[name] = value(raw, dtype.subdtype[0] if dtype.subdtype else dtype)
        except (Unknown, TypeError, OSError):
            found[name] = None
    return found


def describe(file, path, link) -> dict:
    if isinstance(link, h5py.SoftLink):
        return {"kind": "link", "target": link.path}
    if isinstance(link, h5py.ExternalLink):
        return {"kind": "link", "target": link.path}
    item = file[path]
    if isinstance(item, h5py.Group):
        return {"kind": "group", "members": sorted(item, key=lambda name: name.encode()),
                "attributes": attributes(item)}
    if isinstance(item, h5py.Datatype):
        return {"kind": "datatype", "attributes": attributes(item)}
    line = {"kind": "dataset", "is_null": item.shape is None, "attributes": attributes(item)}
    if item.shape is None:
        return line
    plist = item.id.get_create_plist()
    line["shape"] = list(item.shape)
    line["largest"] = list(item.maxshape)
    line["filters"] = [plist.get_filter(index)[0] for index in range(plist.get_nfilters())]
    kinds = {h5py.h5d.COMPACT: "compact", h5py.h5d.CONTIGUOUS: "contiguous"}
    line["layout"] = list(item.chunks) if item.chunks else kinds.get(plist.get_layout())
    try:
        line["value"] = value(item[()], item.dtype.subdtype[0] if item.dtype.subdtype else item.dtype)
        # Arrays as elements: their extents join the shape of the value, not that of the dataset.
        line["shape"] = list(item.id.shape)
    except (Unknown, TypeError, OSError) as error:
        line["unknown"] = str(error)
    return line


def walk(file):
    """Every path with its link, through every hard link, as our dump does."""
    pending = [("/", None)]
    while pending:
        path, link = pending.pop()
        yield path, link
        if link is None or isinstance(link, h5py.HardLink):
            item = file.get(path)
            if isinstance(item, h5py.Group):
                for name in item:
                    below = ("" if path == "/" else path) + "/" + name
                    pending.append((below, item.get(name, getlink=True)))


def differences(expected: dict, found: dict) -> list[str]:
    """What differs between h5py's description of an object and ours."""
    problems = []
    for key, wanted in expected.items():
        if key in ("unknown",):
            continue
        ours = found.get(key)
        if key == "attributes":
            if set(wanted) != set(ours or {}):
                problems.append(f"attributes {sorted(ours or {})} instead of {sorted(wanted)}")
                continue
            problems += [f"attribute {name} is {ours[name]} instead of {want}" for name, want in wanted.items()
                         if want is not None and not same(want, ours[name])]
        elif not same(wanted, ours):
            problems.append(f"{key} is {ours} instead of {wanted}")
    return problems


def same(wanted, ours) -> bool:
    if isinstance(wanted, dict) and isinstance(ours, dict):
        if "members" in wanted:
            return set(wanted["members"]) == set(ours.get("members", {})) and all(
                same(want, ours["members"][name]) for name, want in wanted["members"].items())
        if "sequences" in wanted:
            theirs, mine = wanted["sequences"], ours.get("sequences", [])
            return len(theirs) == len(mine) and all(map(same, theirs, mine))
        bfloat16 = wanted.get("bfloat16")
        wanted = {key: part for key, part in wanted.items() if key != "bfloat16"}
        if bfloat16 and ours.get("type") == "BF16":
            wanted |= {"type": "BF16", "sha256": bfloat16}
        # An empty attribute of any type counts as an empty list of texts as well.
        if wanted.get("texts") == [] and ours.get("shape") == [0]:
            return True
    return wanted == ours
