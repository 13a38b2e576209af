# SPDX-License-Identifier: Apache-2.0
"""Makes the archives of this folder: sound ones by Python's zipfile and by torch, and hostile ones
byte by byte. Run it here; needs torch 2.13.

sound.json has the members of every sound archive as zipfile reads them: name, size, CRC-32.
"""

import gzip
import json
import os
import struct
import zipfile
import zlib

import torch

os.chdir(os.path.dirname(os.path.abspath(__file__)))
DATE = (1980, 1, 1, 0, 0, 0)
PAYLOAD = bytes(range(256)) * 4


class Unseekable:
    """What zipfile writes data descriptors to."""

    def __init__(self, file):
        self.file = file

    def write(self, data):
        return self.file.write(data)

    def flush(self):
        self.file.flush()


def info(name, method=zipfile.ZIP_STORED):
    result = zipfile.ZipInfo(name, DATE)
    result.compress_type = method
    result.external_attr = 0o100644 << 16
    return result


def sound():
    with zipfile.ZipFile("sound-plain.zip", "w") as archive:
        archive.writestr(info("a.txt"), b"stored")
        archive.writestr(info("folder/b.bin", zipfile.ZIP_DEFLATED), PAYLOAD)
        archive.writestr(info("empty"), b"")
        archive.writestr(info("zeros", zipfile.ZIP_DEFLATED), bytes(40_000))
        archive.writestr(info("größe/числа.txt"), b"names in UTF-8")
        folder = zipfile.ZipInfo("assets/", DATE)
        folder.external_attr = 0o40755 << 16
        archive.writestr(folder, b"")
        archive.comment = b"a comment"
    with zipfile.ZipFile("sound-zip64.zip", "w") as archive:
        for name, method in [("a", zipfile.ZIP_STORED), ("b", zipfile.ZIP_DEFLATED)]:
            with archive.open(info(name, method), "w", force_zip64=True) as member:
                member.write(PAYLOAD)
    with open("sound-descriptors.zip", "wb") as file:
        with zipfile.ZipFile(Unseekable(file), "w") as archive:
            archive.writestr(info("a"), b"stored with a descriptor")
            archive.writestr(info("b", zipfile.ZIP_DEFLATED), PAYLOAD)
            archive.writestr(info("empty"), b"")
            with archive.open(info("c"), "w", force_zip64=True) as member:
                member.write(b"a descriptor of 64 bits")
    with zipfile.ZipFile("sound-empty.zip", "w"):
        pass
    torch.save(
        {"weight": torch.arange(6, dtype=torch.float32).reshape(2, 3), "none": torch.zeros(0)},
        "sound-torch.zip",
    )


# Hostile archives: one function makes a whole archive from members whose every field can lie.


def member(name, data=b"data", **lies):
    return dict(name=name.encode() if isinstance(name, str) else name, data=data, **lies)


def build(members, *, prefix=b"", gap=b"", tail=b"", comment=b"", zip64=None, **end_lies):
    out = bytearray(prefix)
    central = bytearray()
    for item in members:
        get = item.get
        raw = item["data"]
        method = get("method", 0)
        if method == 8 and "body" not in item:
            packer = zlib.compressobj(9, zlib.DEFLATED, -15)
            body = packer.compress(raw) + packer.flush()
        else:
            body = get("body", raw)
        crc, size, stored = zlib.crc32(raw), len(raw), len(body)
        flags = get("flags", 0)
        start = get("start", len(out))
        local = struct.pack(
            "<IHHHHHIIIHH", get("signature", 0x04034B50), 20, get("local_flags", flags),
            get("local_method", method), 0, 33, get("local_crc", crc),
            get("local_stored", stored), get("local_size", size),
            len(get("local_name", item["name"])), len(get("local_extra", b"")))
        if not get("no_local"):
            out += local + get("local_name", item["name"]) + get("local_extra", b"") + body
            out += get("descriptor", b"") + gap
        central += struct.pack(
            "<IHHHHHHIIIHHHHHII", 0x02014B50, 0x0314, 20, flags, method, 0, 33,
            get("crc", crc), get("stored", stored), get("size", size), len(item["name"]),
            len(get("extra", b"")), 0, get("disk", 0), 0, get("attributes", 0o100644 << 16), start)
        central += item["name"] + get("extra", b"")
    start = end_lies.get("directory", len(out))
    out += central
    if zip64 is not None:
        record = dict(count=len(members), size=len(central), start=start, position=len(out))
        record.update(zip64)
        out += struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, record["count"],
                           record["count"], record["size"], record["start"])
        out += struct.pack("<IIQI", 0x07064B50, 0, record["position"], 1)
    out += struct.pack(
        "<IHHHHIIH", 0x06054B50, end_lies.get("disk", 0), 0, end_lies.get("count", len(members)),
        end_lies.get("count", len(members)), end_lies.get("size", len(central)), start,
        len(comment))
    return bytes(out) + comment + tail


def refuse(name, members, **options):
    with open(f"hostile/{name}.zip", "wb") as file:
        file.write(build(members, **options))


def zip64_field(*values):
    return struct.pack("<HH", 1, 8 * len(values)) + struct.pack(f"<{len(values)}Q", *values)


def hostile():
    two = [member("a"), member("b")]
    # Names.
    refuse("name-parent", [member("../evil")])
    refuse("name-inner-parent", [member("a/../../evil")])
    refuse("name-absolute", [member("/etc/passwd")])
    refuse("name-backslash", [member("a\\..\\evil")])
    refuse("name-drive", [member("C:/evil")])
    refuse("name-nul", [member(b"data.pkl\0.txt")])
    refuse("name-empty", [member("")])
    refuse("name-not-utf8", [member(b"\xff\xfe", flags=0x800)])
    refuse("name-unmarked", [member("größe")])
    refuse("name-second", [
        member("a", extra=struct.pack("<HHBI", 0x7075, 6, 1, zlib.crc32(b"a")) + b"b")])
    # Two members of one name, and of names that PyTorch's reader takes for the same.
    refuse("duplicate", [member("data.pkl"), member("data.pkl", b"other")])
    refuse("duplicate-case", [member("data.pkl"), member("DATA.PKL", b"other")])
    # The two headers of a member differ.
    refuse("local-name", [member("a", local_name=b"b")])
    refuse("local-flags", [member("a", local_flags=2)])
    refuse("local-method", [member("a", local_method=8)])
    refuse("local-size", [member("a", local_size=3)])
    refuse("local-stored", [member("a", local_stored=3)])
    refuse("local-crc", [member("a", local_crc=1)])
    refuse("local-zero", [member("a", local_size=0, local_stored=0, local_crc=0)])
    refuse("local-missing", [member("a", signature=0)])
    refuse("descriptor", [
        member("a", flags=8, local_size=0, local_stored=0, local_crc=0,
               descriptor=struct.pack("<IIII", 0x08074B50, zlib.crc32(b"data"), 4, 5))])
    # Where members lie.
    refuse("overlap", [member("a", b"x" * 64), member("b", b"y" * 8, start=0)])
    # The data of the first hold the second, a whole member.
    inner = build([member("b", b"inner")])
    inner = inner[: inner.index(b"PK\1\2")]
    refuse("nested", [
        member("a", inner), member("b", b"inner", no_local=True, start=31)])
    # Every local header of a zip bomb of overlaps (Fifield 2019) is the data of the one before.
    refuse("shared", [member(f"{index}", b"x" * 64, start=0, no_local=index > 0,
                             local_name=b"0") for index in range(4)])
    refuse("outside", [member("a", stored=1 << 20, size=1 << 20, local_stored=1 << 20,
                              local_size=1 << 20)])
    refuse("start-outside", [member("a", start=1 << 30)])
    refuse("start-in-directory", [member("a", start=35)])
    refuse("prefix", [member("a", start=10)], prefix=b"#!/bin/sh\n")
    refuse("gap", two, gap=b"hidden")
    refuse("trailing", two, tail=b"trailing bytes")
    # The end of the archive.
    refuse("two-ends", two, comment=build([]))
    refuse("comment-end", two, comment=b"PK\5\6 is not an end record")
    refuse("count-high", two, count=3)
    refuse("count-low", two, count=1)
    refuse("count-bomb", two, count=60_000)
    refuse("directory-size", two, size=10)
    refuse("directory-start", two, directory=1)
    refuse("volumes", two, disk=1)
    refuse("zip64-missing", two, count=0xFFFF)
    refuse("zip64-differs", two, zip64=dict(count=1))
    refuse("zip64-position", two, zip64=dict(position=3))
    refuse("zip64-count", two, zip64=dict(count=1 << 62), count=0xFFFF)
    refuse("zip64-start", two, zip64=dict(start=(1 << 64) - 1, size=1 << 63), directory=0xFFFFFFFF,
           size=0xFFFFFFFF)
    refuse("zip64-no-field", [member("a", size=0xFFFFFFFF)])
    refuse("zip64-unasked", [member("a", extra=zip64_field(1 << 40))])
    refuse("zip64-size", [
        member("a", size=0xFFFFFFFF, stored=0xFFFFFFFF,
               extra=zip64_field((1 << 64) - 1, (1 << 64) - 1),
               local_size=0xFFFFFFFF, local_stored=0xFFFFFFFF,
               local_extra=zip64_field((1 << 64) - 1, (1 << 64) - 1))])
    refuse("zip64-local", [
        member("a", local_size=0xFFFFFFFF, local_stored=0xFFFFFFFF,
               local_extra=zip64_field(1 << 40, 4))])
    refuse("extra-cut", [member("a", extra=b"\1\0\xff\0")])
    # Methods, kinds and sizes.
    refuse("encrypted", [member("a", flags=1)])
    refuse("flags", [member("a", flags=0x20)])
    refuse("method", [member("a", b"data", method=12)])
    refuse("symlink", [member("a", b"/etc/passwd", attributes=0o120777 << 16)])
    refuse("device", [member("a", b"", attributes=0o020666 << 16)])
    refuse("stored-size", [member("a", b"data", size=400, local_size=400)])
    refuse("ratio", [member("a", b"data", method=8, size=1 << 31, local_size=1 << 31)])
    refuse("ratio-64", [
        member("a", b"data", method=8, size=0xFFFFFFFF, local_size=0xFFFFFFFF,
               extra=zip64_field((1 << 64) - 1), local_extra=zip64_field((1 << 64) - 1))])
    # Many members that each stay below the limit of DEFLATE: 300 MB in all.
    bomb = bytes(10 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(bomb) + packer.flush()
    bombs = [member(f"{index}", bomb, method=8, body=body) for index in range(5)]
    with gzip.GzipFile("hostile/bomb.zip.gz", "wb", mtime=0) as file:
        file.write(build([
            dict(item, size=75 << 20, local_size=75 << 20, body=body + bytes(68_000))
            for item in bombs[:4]]))
    # Damage that only reading the members shows.
    damaged = bytearray(build([member("a", PAYLOAD), member("b", PAYLOAD, method=8)]))
    damaged[100] ^= 1
    damaged[1200] ^= 1
    open("damaged-data.zip", "wb").write(damaged)
    open("damaged-sizes.zip", "wb").write(build([
        member("longer", PAYLOAD, method=8, size=1000, local_size=1000),
        member("shorter", PAYLOAD, method=8, size=1030, local_size=1030),
        member("trailing", PAYLOAD, method=8, body=zlib.compress(PAYLOAD, 9)[2:-4] + b"more"),
    ]))


def expectations():
    table = {}
    for name in sorted(os.listdir(".")):
        if name.startswith("sound-") and name.endswith(".zip"):
            with zipfile.ZipFile(name) as archive:
                assert archive.testzip() is None
                table[name] = [
                    dict(name=item.filename, byteCount=item.file_size, checksum=item.CRC,
                         isStored=item.compress_type == 0, first=list(archive.read(item)[:16]))
                    for item in archive.infolist() if not item.is_dir()]
    with open("sound.json", "w") as file:
        json.dump(table, file, indent=1)
        file.write("\n")


sound()
hostile()
expectations()
