"""Runs the parts named on the command line and prints their tables."""

import argparse
import pathlib
import sys
import tempfile

from . import bitflips, layouts, logits, matrix
from .retort import Retort

PARTS = {"matrix": matrix.run, "logits": logits.run, "bitflips": bitflips.run, "layouts": layouts.run}


def table(rows: list[list[str]]) -> str:
    cells = [row for row in rows if len(row) > 1]
    widths = [max(len(row[i]) for row in cells if i < len(row)) for i in range(len(cells[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines + ["", *(f"- {row[0]}" for row in rows if len(row) == 1)])


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/interop")
    parser.add_argument("parts", nargs="*", help="matrix, logits, bitflips, layouts; all by default")
    parser.add_argument("--retort", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, help="also write the tables to this file")
    parser.add_argument("--keep", type=pathlib.Path, help="keep the files in this folder")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    failures, texts = 0, []
    with tempfile.TemporaryDirectory() as temporary:
        for name in options.parts or PARTS:
            folder = (options.keep or pathlib.Path(temporary)) / name
            folder.mkdir(parents=True, exist_ok=True)
            rows, failed = PARTS[name](Retort(options.retort), folder)
            failures += failed
            texts.append(f"## {name}\n\n{table(rows)}\n\n{failed} failed\n")
            print(texts[-1], flush=True)
    if options.out:
        options.out.write_text("\n".join(texts))
    return 1 if failures else 0


sys.exit(main())
