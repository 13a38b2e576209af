"""Writes the IDX fixtures: python3 make.py (standard library only)."""
import gzip
import io
import os
import struct
import zlib

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def idx(code, shape, data):
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + data


def write(name, data):
    with open(name, "wb") as file:
        file.write(data)


def gz(data, name=""):
    output = io.BytesIO()
    with gzip.GzipFile(filename=name, mode="wb", fileobj=output, mtime=0) as file:
        file.write(data)
    return output.getvalue()


# Pixel i of the set is 7 i mod 256.
train = idx(8, (6, 4, 3), bytes(7 * i % 256 for i in range(72)))
train_labels = idx(8, (6,), bytes([5, 0, 4, 1, 9, 2]))
test = idx(8, (2, 4, 3), bytes(range(24)))
test_labels = idx(8, (2,), bytes([7, 2]))

# An MNIST folder: gzip with and without a stored name, plain, and the dotted spelling.
os.makedirs("mnist", exist_ok=True)
write("mnist/train-images-idx3-ubyte.gz", gz(train, "train-images-idx3-ubyte"))
write("mnist/train-labels-idx1-ubyte.gz", gz(train_labels))
write("mnist/t10k-images-idx3-ubyte", test)
write("mnist/t10k-labels.idx1-ubyte", test_labels)

# Other element types, big-endian.
write("i8.idx", idx(9, (4,), struct.pack(">4b", -2, -1, 0, 1)))
write("i16.idx", idx(11, (2, 2), struct.pack(">4h", -300, -1, 0, 300)))
write("i32.idx", idx(12, (4,), struct.pack(">4i", -70000, -1, 0, 70000)))
write("f32.idx", idx(13, (4,), struct.pack(">4f", -1.5, 0, 0.25, 1e30)))
write("f64.idx", idx(14, (4,), struct.pack(">4d", -1.5, 0, 0.25, 1e300)))

# A gzip header with every optional field: extra, name, comment, header checksum.
body = zlib.compressobj(9, zlib.DEFLATED, -15)
raw = body.compress(test) + body.flush()
head = b"\x1f\x8b\x08\x1e" + bytes(6) + b"\x04\x00abcd" + b"name\0" + b"remark\0"
head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
write("every-field.gz", head + raw + struct.pack("<II", zlib.crc32(test), len(test)))

# Hostile or damaged.
good = gz(train)
write("refused-trailing.gz", good + b"more")
write("refused-two-members.gz", good + good)
write("refused-checksum.gz", good[:-8] + bytes([good[-8] ^ 1]) + good[-7:])
write("refused-longer.gz", gz(train + b"x"))
write("refused-shorter.gz", gz(train[:-1]))
write("refused-cut.gz", good[:-20])
write("refused-bomb.gz", gz(idx(8, (60000, 28, 28000), bytes(50000))))
write("refused-overflow.idx", idx(14, (2**32 - 1,) * 3, bytes(8)))
write("refused-trailing.idx", train + b"x")
write("refused-short.idx", train[:-1])
write("refused-type.idx", idx(10, (4,), bytes(4)))
write("refused-rank.idx", idx(8, (1,) * 9, bytes(1)))
write("refused-magic.idx", b"PK\x03\x04" + bytes(20))
