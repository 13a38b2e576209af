"""Runs readers beside a writer that commits without pause."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

READERS = 4


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/readers")
    parser.add_argument("seconds", nargs="?", type=float, default=60)
    parser.add_argument("--bench", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = pathlib.Path(folder) / "store.h5"

        def start(role: str, seconds: float) -> subprocess.Popen:
            return subprocess.Popen([options.bench, role, store, str(seconds)], stdout=subprocess.PIPE, text=True)

        writer = start("writer", options.seconds + 2)
        while not store.exists():
            time.sleep(0.01)
        readers = [start("reader", options.seconds) for _ in range(READERS)]
        results = [json.loads(reader.communicate()[0]) for reader in readers]
        commits = json.loads(writer.communicate()[0])["commits"]
    for result in results:
        print(f"{result['passes']:>7} passes, {result['bad']} bad, open p50 {result['open_ms_p50']:.2f} ms, "
              f"p99 {result['open_ms_p99']:.2f} ms, longest {result['open_ms_max']:.1f} ms"
              + "".join(f"\n    {problem}" for problem in result["first_problems"]))
    bad = sum(result["bad"] for result in results)
    passes = sum(result["passes"] for result in results)
    print(f"{READERS} readers for {options.seconds:.0f} s beside {commits} commits: {passes} passes, {bad} bad, "
          f"p99 of opening {max(result['open_ms_p99'] for result in results):.1f} ms")
    return 1 if bad or not passes else 0


if __name__ == "__main__":
    sys.exit(main())
