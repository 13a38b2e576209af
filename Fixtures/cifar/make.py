"""Writes a CIFAR-10 folder of three records a file: python3 make.py (standard library only)."""
import gzip
import os

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def record(label, start):
    # Plane c is constant 10 c + start, but for its first pixel, which is 255.
    planes = b"".join(b"\xff" + bytes([10 * c + start]) * 1023 for c in range(3))
    return bytes([label]) + planes


for batch in range(1, 6):
    records = b"".join(record((batch + k) % 10, batch * 20 + k) for k in range(3))
    with open(f"data_batch_{batch}.bin.gz", "wb") as file:
        file.write(gzip.compress(records, mtime=0))
with open("test_batch.bin", "wb") as file:
    file.write(b"".join(record(k, 100 + k) for k in range(3)))
