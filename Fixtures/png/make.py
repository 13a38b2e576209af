"""Writes the PNG fixtures chunk by chunk: python3 make.py (standard library only)."""
import os
import struct
import zlib

os.chdir(os.path.dirname(os.path.abspath(__file__)))
WIDTH, HEIGHT = 16, 12


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write(name, depth, colour, lines, extra=b"", width=WIDTH, height=HEIGHT):
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    with open(name + ".png", "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra
                   + chunk(b"IDAT", zlib.compress(b"".join(lines))) + chunk(b"IEND", b""))


def filtered(kind, line, above, step):
    """One line under PNG filter `kind`: 0 none, 1 left, 2 above, 3 average, 4 Paeth."""
    out = bytearray([kind])
    for i, value in enumerate(line):
        a = line[i - step] if i >= step else 0
        b, c = above[i], above[i - step] if i >= step else 0
        guess = min((a, b, c), key=lambda v: (abs(a + b - c - v), (a, b, c).index(v)))
        out.append((value - [0, a, b, (a + b) // 2, guess][kind]) & 255)
    return bytes(out)


grey = [bytes(16 * x + y for x in range(WIDTH)) for y in range(HEIGHT)]
rgb = [bytes(v for x in range(WIDTH) for v in (16 * x, y, 255 - y)) for y in range(HEIGHT)]
write("grey-filters", 8, 0,
      [filtered(y % 5, line, grey[y - 1] if y else bytes(WIDTH), 1) for y, line in enumerate(grey)])
write("rgb", 8, 2, [b"\0" + line for line in rgb])
palette = b"".join(bytes([16 * x, y, 255 - y]) for y in range(HEIGHT) for x in range(WIDTH))
write("palette", 8, 3, [b"\0" + bytes(WIDTH * y + x for x in range(WIDTH)) for y in range(HEIGHT)],
      chunk(b"PLTE", palette))
# 16 bits a sample whose value is exactly the 8-bit one times 257, in the sRGB space.
write("grey-16", 16, 0, [b"\0" + bytes(b for v in line for b in (v, v)) for line in grey],
      chunk(b"sRGB", b"\0"))
write("huge", 8, 0, [b"\0"], width=100000, height=100000)
