"""Compares our reader with h5py on the files it writes or on files of other libraries."""

import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

import h5py

from . import matrix, real
from .compare import describe, differences, walk


def dump(bench: str, paths: list[pathlib.Path]) -> dict[str, dict[str, dict]]:
    """file -> path -> our description; the key "" holds a refusal of the whole file."""
    output = subprocess.run([bench, "hdf5-dump", *map(str, paths)], check=True, capture_output=True, text=True).stdout
    files, current = {}, {}
    for line in output.splitlines():
        record = json.loads(line)
        if "file" in record:
            current = files[record["file"]] = {}
        elif "refused" in record:
            current[""] = record
        else:
            current[record["path"]] = record
    return files


def compare(path: pathlib.Path, ours: dict[str, dict], counts, refusals) -> list[str]:
    if "" in ours:
        refusals[ours[""]["refused"].split(": ", 1)[-1]] += 1
        return [f"refused: {ours['']['refused']}"]
    problems = []
    with h5py.File(path, "r") as file:
        for place, link in walk(file):
            counts["objects"] += 1
            found = ours.get(place)
            if found is None:
                problems.append(f"{place} is missing")
                continue
            expected = describe(file, place, link)
            counts["values"] += "value" in expected
            counts["attributes"] += len(expected.get("attributes", {}))
            reason = (found.get("value") or {}).get("refused") or found.get("reason")
            if reason:
                refusals[reason] += 1
                # Listed by name below. h5py has blosc where PyTables brings it.
                if "unknown" in expected or "is stored through filter" in reason:
                    continue
            problems += [f"{place}: {problem}" for problem in differences(expected, found)]
    return problems


def self_test(path: pathlib.Path, ours: dict[str, dict]) -> None:
    """A comparison that cannot fail is none: one changed digest has to show."""
    forged = json.loads(json.dumps(ours))
    place = next(place for place, line in forged.items() if (line.get("value") or {}).get("sha256"))
    forged[place]["value"]["sha256"] = "0" * 64
    problems = compare(path, forged, collections.Counter(), collections.Counter())
    assert len(problems) == 1 and place in problems[0], problems


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/differential")
    parser.add_argument("--bench", required=True)
    parser.add_argument("--quick", action="store_true", help="a tenth of the matrix")
    parser.add_argument("--real", action="store_true", help="files of other libraries instead")
    parser.add_argument("--keep", type=pathlib.Path, help="keep the files in this folder")
    options = parser.parse_args()
    counts, refusals, failed = collections.Counter(), collections.Counter(), 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        paths = real.write_all(folder) if options.real else matrix.write_all(folder, options.quick)
        ours = dump(options.bench, paths)
        self_test(paths[0], ours[str(paths[0])])
        for path in paths:
            problems = compare(path, ours[str(path)], counts, refusals)
            failed += bool(problems)
            for problem in problems[:5]:
                print(f"{path.name}: {problem}", flush=True)
            if options.real:
                print(f"{path.name}: {'differs' if problems else 'equal'}", flush=True)
    print(f"{len(paths)} files, {counts['objects']} objects, {counts['values']} values, {counts['attributes']} "
          f"attributes compared with h5py {h5py.__version__}: {failed} files differ")
    for reason, count in refusals.most_common():
        print(f"  {count:>5} not read: {reason}")
    return 1 if failed else 0


sys.exit(main())
