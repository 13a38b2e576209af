"""Holds the tool to its promises on every hostile file."""

import argparse
import pathlib
import sys
import tempfile

from .run import run, touched

ROOT = pathlib.Path(__file__).resolve().parents[3]
MOST_SECONDS, MOST_MB = 1.0, 64.0
#: Made to trap readers that walk in circles, and otherwise sound.
HARMLESS = {"cycle.pt"}
#: Sound files of every kind, for what the tool opens and needs anyway.
SOUND = ["hdf5/small.h5", "keras/cnn.keras", "keras/cnn.weights.h5", "keras/cnn.h5", "npz/plain.npz"]


def commands(retort: str, file: pathlib.Path, folder: pathlib.Path) -> dict[str, list[str]]:
    target = folder / "converted.safetensors"
    target.unlink(missing_ok=True)
    return {
        "inspect": [retort, "inspect", str(file)],
        "verify": [retort, "verify", str(file), "--full"],
        "convert": [retort, "convert", str(file), str(target)],
    }


def baseline(retort: str, folder: pathlib.Path) -> tuple[float, set[str]]:
    """The least memory a sound file takes, and what is opened for any file."""
    peak, opened = [], set()
    for name in SOUND:
        file = ROOT / "Fixtures" / name
        if not file.exists():
            continue
        for command in commands(retort, file, folder).values():
            peak.append(run(command).peak_mb)
            opened |= touched(command) or set()
    return min(peak), opened


def is_allowed(call: str, file: pathlib.Path, folder: pathlib.Path) -> bool:
    path = call.split(" ", 1)[1]
    if any(path == part or path.startswith(part + "/") for part in (str(file), str(folder), "/proc", "/sys")):
        return True
    # ONNX keeps data in files beside the model's: looked up in its own folder and nowhere else.
    inside = path.removeprefix("folder/")
    return file.suffix == ".onnx" and (path == str(file.parent) or (inside != path and "/" not in inside))


def judge(retort: str, file: pathlib.Path, folder: pathlib.Path, base: tuple) -> tuple[list[str], list[str]]:
    """What is wrong, and a line for each command."""
    problems, lines = [], []
    refused, said = False, ""
    for name, command in commands(retort, file, folder).items():
        outcome = run(command)
        sentence = next((line for line in reversed(outcome.text.splitlines()) if line.strip()), "")
        lines.append(f"{name} {outcome.code} {outcome.seconds:.2f} s {outcome.peak_mb - base[0]:+.0f} MB: {sentence}")
        refused |= outcome.code != 0
        said += outcome.text
        if outcome.code < 0 or outcome.code > 64:
            problems.append(f"{name} ended with {outcome.code}")
        if outcome.seconds > MOST_SECONDS:
            # Once more: the machine may have been busy.
            outcome.seconds = min(outcome.seconds, run(command).seconds)
        if outcome.seconds > MOST_SECONDS:
            problems.append(f"{name} took {outcome.seconds:.2f} s")
        if outcome.peak_mb - base[0] > MOST_MB:
            problems.append(f"{name} took {outcome.peak_mb - base[0]:.0f} MB more than a sound file")
        problems += [f"{name} made the call {call}" for call in (touched(command) or set()) - base[1]
                     if not is_allowed(call, file, folder)]
    # What is not followed, run or read is remarked upon.
    listed = any(word in said for word in ("note:", " link to ", "cannot be read"))
    if not refused and not listed and file.name not in HARMLESS:
        problems.append("is accepted without a word: " + "; ".join(lines))
    return problems, lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/hostile")
    parser.add_argument("--retort", required=True)
    parser.add_argument("--only", default="", help="part of the names of the files to run")
    parser.add_argument("--verbose", action="store_true", help="print what was said of each file")
    options = parser.parse_args()
    files = [file for file in sorted(ROOT.glob("Fixtures/*/hostile/*"))
             if file.suffix != ".json" and options.only in file.name]
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        base = baseline(options.retort, folder)
        for file in files:
            problems, lines = judge(options.retort, file, folder, base)
            failed += bool(problems)
            name = file.relative_to(ROOT / "Fixtures")
            for problem in problems:
                print(f"{name}: {problem}", flush=True)
            if options.verbose:
                print(f"{name}\n  " + "\n  ".join(lines), flush=True)
    hdf5 = sum(file.parts[-3] == "hdf5" for file in files)
    print(f"{len(files)} hostile files, {hdf5} of them HDF5: {failed} break a promise")
    return 1 if failed else 0


sys.exit(main())
