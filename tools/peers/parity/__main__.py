"""python -m parity --retort PROGRAM [pixels] [minimal] [jsma] [ensemble]"""

import argparse
import importlib
import pathlib
import tempfile
import warnings

import torch
from parity.bench import Bench

PARTS = ["pixels", "minimal", "jsma", "ensemble"]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    parser.add_argument("--retort", required=True, type=pathlib.Path)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(2)
    failures = 0

    def row(attack: str, who: str, text: str) -> None:
        print(f"{attack:<16} {who:<14} {text}")

    def gate(holds: bool) -> None:
        nonlocal failures
        if not holds:
            failures += 1
            print(f"{'':<16} {'':<14} ^ misses its gate")

    with tempfile.TemporaryDirectory(prefix="retort-parity-") as folder:
        bench = Bench(options.retort, pathlib.Path(folder), options.data, options.count, options.epochs)
        print(f"{options.count} rows of {options.data}, {int(bench.is_right.sum())} right when clean")
        for part in options.parts or PARTS:
            importlib.import_module(f"parity.{part}").run(bench, row, gate)
    print(f"{failures} gates missed")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
