"""Kills the tool at random moments and looks at what is left.

Acknowledged is what a reader has seen before the kill: readers see nothing but committed states.
"""

import argparse
import collections
import pathlib
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time

from .commands import writing
from .tool import SIGNALS, Tool, has_journal, make_base

try:
    import h5py
except ImportError:
    h5py = None


class Campaign:
    def __init__(self, tool: Tool, folder: pathlib.Path, seed: int):
        self.tool, self.folder, self.random = tool, folder, random.Random(seed)
        self.base = folder / "base.h5"
        make_base(tool, self.base)
        self.weights = folder / "weights.safetensors"
        tool.run("convert", self.base, self.weights, "--checkpoint", "teacher")
        self.work = folder / "work"
        self.store = self.work / "store.h5"
        self.problems: list[str] = []
        self.counts = collections.Counter()
        self.durations = {}
        self.reset()
        for name in writing(self.store, 0):
            self.durations[name] = self.duration(name)
            self.reset()

    def reset(self) -> None:
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        shutil.copy(self.base, self.store)
        shutil.copy(self.weights, self.work)

    def duration(self, name: str) -> float:
        """Seconds the command takes when nobody interferes."""
        times = []
        for number in range(2):
            start = time.perf_counter()
            result = self.tool.run(*writing(self.store, 900_000 + number)[name])
            times.append(time.perf_counter() - start)
            if result.code != 0 and name != "remove":
                raise RuntimeError(f"{name}: {result.code} {result.errors}")
        return statistics.mean(times)

    def round(self, number: int) -> None:
        if number % 12 == 0:
            self.reset()
        name = self.random.choice(list(self.durations))
        kind = signal.SIGKILL if number % 20 else self.random.choice([signal.SIGINT, signal.SIGTERM])
        known = self.tool.objects(self.store)
        moment = self.random.choice([self.any_time, self.any_time, self.at_a_commit, self.after_a_look])
        result, seen = self.tool.interrupted(
            kind, *writing(self.store, number)[name], moment=lambda process: moment(name, process))
        seen = known | (seen or {})
        self.counts[name] += 1
        if result.code == -signal.SIGKILL:
            self.counts["killed"] += 1
        if result.code in SIGNALS:
            self.problem(number, name, f"crashed with {SIGNALS[result.code]}: {result.errors[-200:]}")
        self.judge(number, name, seen)

    def any_time(self, name: str, process) -> None:
        time.sleep(self.random.uniform(0, self.durations[name] * 0.95))

    def after_a_look(self, name: str, process) -> dict[str, str]:
        """Some time after a reader has looked at the store, which is part of the time that passes."""
        time.sleep(self.random.uniform(0, self.durations[name] * 0.6))
        return self.tool.objects(self.store)

    def at_a_commit(self, name: str, process) -> None:
        """While the store ends with a journal, at its first commit or a later one."""
        for _ in range(self.random.randint(1, 3) if name == "train" else 1):
            while process.poll() is None and not has_journal(self.store):
                pass
            self.counts["commits awaited"] += 1
            if process.poll() is not None:
                return

    def problem(self, number: int, name: str, text: str) -> None:
        self.problems.append(f"round {number}, {name}: {text}")
        print(self.problems[-1], flush=True)
        shutil.copy(self.store, self.folder / f"bad-{number}.h5")

    def judge(self, number: int, name: str, seen: dict[str, str]) -> None:
        self.counts["hot journals"] += has_journal(self.store)
        verified = self.tool.run("verify", self.store, "--full", "--json")
        if verified.code != 0:
            self.problem(number, name, f"the store is not sound: {verified.output[:300]} {verified.errors}")
            return
        found = self.tool.objects(self.store)
        for key, digest in seen.items():
            if key in found and key == f"checkpoint net{number}":
                # The name of the newest epoch moves on while a network is trained.
                continue
            if found.get(key) != digest and not (name == "remove" and key == "checkpoint teacher@1"):
                self.problem(number, name, f"{key} is {found.get(key)} and was {digest}")
        # What was converted is there whole or not at all.
        for made in self.work.glob("out*"):
            if self.tool.run("verify", made, "--full").code != 0:
                self.problem(number, name, f"{made.name} is not whole")
            made.unlink()
        other = self.work / "other.h5"
        if other.exists() and self.tool.run("verify", other, "--full").code != 0:
            self.problem(number, name, "the store that was copied to is not sound")
        for left in self.work.glob(".*"):
            self.counts["left-over files"] += 1
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        after = self.tool.run("copy", self.store, "teacher", self.store, "--as", f"probe{number}")
        if after.code != 0:
            self.problem(number, name, f"the next command fails: {after.errors}")
        if h5py and number % 5 == 0:
            self.read_with_h5py(number, name)

    def read_with_h5py(self, number: int, name: str) -> None:
        def touch(_, item):
            list(item.attrs.items())
            if isinstance(item, h5py.Dataset):
                item[()]

        try:
            with h5py.File(self.store, "r") as file:
                file.visititems(touch)
            self.counts["opened by h5py"] += 1
        except (OSError, RuntimeError, KeyError) as error:
            self.problem(number, name, f"h5py: {error}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/kills")
    parser.add_argument("count", nargs="?", type=int, default=1000, help="how many commands to cut short")
    parser.add_argument("--retort", required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(Tool(options.retort), pathlib.Path(folder), options.seed)
        start = time.perf_counter()
        for number in range(1, options.count + 1):
            campaign.round(number)
            if number % 100 == 0:
                print(f"{number} rounds, {time.perf_counter() - start:.0f} s, {dict(campaign.counts)}", flush=True)
        print(f"{options.count} commands cut short, {campaign.counts['killed']} of them by SIGKILL before their end: "
              f"{len(campaign.problems)} problems")
        for key, value in sorted(campaign.counts.items()):
            print(f"  {key:<18} {value}")
        return 1 if campaign.problems else 0


if __name__ == "__main__":
    sys.exit(main())
