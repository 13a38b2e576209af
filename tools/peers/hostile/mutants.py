"""Damages fixtures at random and runs the tool on them."""

import argparse
import collections
import multiprocessing
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

from hostile_bytes import Patient

ROOT = pathlib.Path(__file__).resolve().parents[3]
SUFFIXES = {".h5", ".hdf5", ".safetensors", ".pt", ".pth", ".bin", ".keras", ".npz", ".npy", ".onnx", ".gguf"}
LARGEST = 64 << 10
#: Sound, not sound, could not be read, wrong usage.
EXIT_CODES = {0, 1, 2, 64}
NUMBERS = [0, 1, 0x7F, 0x80, 0xFF]
WORDS = [b"\xff" * 8, b"\xfe" + b"\xff" * 7, b"\xff" * 7 + b"\x7f", bytes(8), b"\0\0\0\0\1\0\0\0"]


def patient(path: pathlib.Path):
    """The file with the places of its checksums; without them where they cannot be found."""
    try:
        return Patient(path)
    except Exception:  # Whatever keeps it from being taken apart, it is damaged as it is.
        return None


class Mutator:
    def __init__(self, seed: int):
        files = [file for file in sorted(ROOT.glob("Fixtures/*/**/*"))
                 if file.suffix in SUFFIXES and 0 < file.stat().st_size <= LARGEST]
        self.hdf5 = [file for file in files if file.suffix in (".h5", ".hdf5")]
        self.others = [file for file in files if file not in self.hdf5]
        self.patients = {}
        self.random = random.Random(seed)

    def mutant(self) -> tuple[str, bytes]:
        file = self.random.choice(self.hdf5 if self.random.random() < 0.6 else self.others)
        if file not in self.patients:
            sealed = patient(file) if file in self.hdf5 else None
            self.patients[file] = (file.read_bytes(), sealed)
        original, sealed = self.patients[file]
        data = bytearray(original)
        for _ in range(self.random.randint(1, 8)):
            self.damage(data)
        if sealed is not None and self.random.random() < 0.5 and len(data) == len(original):
            sealed.data = data
            sealed.seal()
        return file.suffix, bytes(data)

    def damage(self, data: bytearray) -> None:
        place = self.random.randrange(len(data))
        # Headers are at the front; what is in the middle is mostly numbers.
        if self.random.random() < 0.4:
            place = self.random.randrange(min(len(data), 512))
        kind = self.random.randrange(6)
        if kind == 0:
            data[place] ^= 1 << self.random.randrange(8)
        elif kind == 1:
            data[place] = self.random.randrange(256)
        elif kind == 2:
            data[place] = self.random.choice(NUMBERS)
        elif kind == 3:
            word = self.random.choice(WORDS)
            data[place:place + 8] = word[:len(data) - place]
        elif kind == 4:
            count = self.random.randint(1, 16)
            source = self.random.randrange(len(data))
            piece = data[source:source + count]
            data[place:place + len(piece)] = piece[:len(data) - place]
        elif self.random.random() < 0.1:
            del data[max(place, 1):]


def work(task: tuple[str, int, int, str]) -> tuple[collections.Counter, list[str]]:
    """Runs the tool on so many mutants."""
    retort, seed, count, keep = task
    mutator, codes, problems = Mutator(seed), collections.Counter(), []
    folder = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        for number in range(count):
            suffix, data = mutator.mutant()
            path = os.path.join(temporary, "mutant" + suffix)
            with open(path, "wb") as file:
                file.write(data)
            command = ["inspect", path, "--json"] if number % 2 else ["verify", path, "--full", "--json"]
            try:
                code = subprocess.run([retort, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      timeout=10, close_fds=False).returncode
            except subprocess.TimeoutExpired:
                code = "timeout"
            codes[code] += 1
            if code not in EXIT_CODES:
                kept = os.path.join(keep, f"{command[0]}-{code}-{seed}-{number}{suffix}")
                shutil.copy(path, kept)
                problems.append(f"{command[0]} ended with {code}: {kept}")
    return codes, problems


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/mutants")
    parser.add_argument("count", nargs="?", type=int, default=2000)
    parser.add_argument("--retort", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", default=tempfile.gettempdir(), help="where files that broke it are kept")
    options = parser.parse_args()
    retort, size = str(pathlib.Path(options.retort).resolve()), 500
    tasks = [(retort, options.seed * 1_000_000 + first, min(size, options.count - first), options.keep)
             for first in range(0, options.count, size)]
    codes, failures = collections.Counter(), 0
    with multiprocessing.Pool() as pool:
        for done, (part, problems) in enumerate(pool.imap_unordered(work, tasks), 1):
            codes += part
            failures += len(problems)
            for problem in problems:
                print(problem, flush=True)
            if done % 20 == 0:
                print(f"{sum(codes.values())} runs, exit codes {dict(codes)}", flush=True)
    print(f"{sum(codes.values())} mutants through the tool, exit codes {dict(sorted(codes.items(), key=str))}: "
          f"{failures} crashes, timeouts or other codes")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
