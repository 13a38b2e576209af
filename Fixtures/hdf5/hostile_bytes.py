# SPDX-License-Identifier: Apache-2.0
"""Finds the structures of a small HDF5 file, changes their bytes and makes their checksums right again."""
import struct

MASK = 0xFFFFFFFF
#: Bytes of structures of one size, with their checksum, where addresses and lengths take 8 bytes.
SIZES = {b"BTHD": 38, b"FRHP": 146, b"FAHD": 28, b"EAHD": 72}
CONTINUATION = 0x10


def lookup3(data: bytes) -> int:
    """Bob Jenkins' hashlittle of 2006 with the initial value 0, the checksum of HDF5's metadata."""
    def rotated(x, k):
        return (x << k | x >> (32 - k)) & MASK

    state = [(0xDEADBEEF + len(data)) & MASK] * 3
    position = 0
    while len(data) - position > 12:
        for index, word in enumerate(struct.unpack_from("<III", data, position)):
            state[index] = (state[index] + word) & MASK
        for step, k in enumerate((4, 6, 8, 16, 19, 4)):
            this, before, after = step % 3, (step + 2) % 3, (step + 1) % 3
            state[this] = (state[this] - state[before]) & MASK ^ rotated(state[before], k)
            state[before] = (state[before] + state[after]) & MASK
        position += 12
    if position < len(data):
        for index, word in enumerate(struct.unpack("<III", data[position:].ljust(12, b"\0"))):
            state[index] = (state[index] + word) & MASK
        for step, k in enumerate((14, 11, 25, 16, 4, 14, 24), start=2):
            this, before = step % 3, (step + 2) % 3
            state[this] = ((state[this] ^ state[before]) - rotated(state[before], k)) & MASK
    return state[2]


class Patient:
    """A file whose bytes are to be changed."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            self.data = bytearray(file.read())
        #: Start and size, without the checksum, of what has one.
        self.sealed = []
        if self.data[8] >= 2:
            self.sealed.append((0, 44))
        for signature, size in SIZES.items():
            self.sealed += [(start, size - 4) for start in self.all(signature)]
        for start in self.all(b"OHDR"):
            self.sealed.append((start, self.header(start)[1] - start))
        for message in [m for start in self.all(b"OHDR") for m in self.messages(start)]:
            if message[0] == CONTINUATION:
                start, size = struct.unpack_from("<QQ", self.data, message[1])
                self.sealed.append((start, size - 4))
        for signature in (b"BTLF", b"BTIN"):
            for start in self.all(signature):
                self.sealed.append((start, self.find_checksum(start)))
        for start, size in self.sealed:
            stored = struct.unpack_from("<I", self.data, start + size)[0]
            assert lookup3(bytes(self.data[start:start + size])) == stored, (path, start)

    def find_checksum(self, start):
        for size in range(6, 1024):
            stored = struct.unpack_from("<I", self.data, start + size)[0]
            if lookup3(bytes(self.data[start:start + size])) == stored:
                return size
        raise ValueError("no checksum")

    def all(self, signature):
        found, position = [], self.data.find(signature)
        while position >= 0:
            found.append(position)
            position = self.data.find(signature, position + 1)
        return found

    def header(self, start):
        """Where the messages of a version 2 object header begin and end."""
        flags = self.data[start + 5]
        position = start + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        size = int.from_bytes(self.data[position:position + width], "little")
        return position + width, position + width + size

    def messages(self, start):
        """(type, start of the body, size) of the messages in a version 2 object header."""
        prefix = 6 if self.data[start + 5] & 4 else 4
        found, blocks = [], [self.header(start)]
        while blocks:
            position, end = blocks.pop()
            while end - position >= prefix:
                size = struct.unpack_from("<H", self.data, position + 1)[0]
                found.append((self.data[position], position + prefix, size))
                if self.data[position] == CONTINUATION:
                    block, length = struct.unpack_from("<QQ", self.data, position + prefix)
                    blocks.append((block + 4, block + length - 4))
                position += prefix + size
        return found

    def message(self, kind, number=0):
        """Where the body of the first (or another) message of a kind begins, over all headers."""
        found = [m[1] for start in self.all(b"OHDR") for m in self.messages(start) if m[0] == kind]
        return found[number]

    def put(self, position, layout, *values):
        struct.pack_into("<" + layout, self.data, position, *values)

    def get(self, position, layout):
        return struct.unpack_from("<" + layout, self.data, position)[0]

    def seal(self):
        # Outer structures hold no checksums of inner ones, so the order is free.
        for start, size in self.sealed:
            self.put(start + size, "I", lookup3(bytes(self.data[start:start + size])))

    def save(self, sealed=True):
        if sealed:
            self.seal()
        with open(self.path, "wb") as file:
            file.write(self.data)
