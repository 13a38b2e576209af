"""Fills a real file system of little size with the tool and looks at what is left."""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

from .commands import writing
from .tool import Tool, make_base

NO_SPACE = "No space left on device"
#: Bytes set aside, to be given back when the disk is full.
FILLER = 6 << 20


def run_until_full(tool: Tool, store: pathlib.Path, name: str) -> list[str]:
    """Repeats a command until the disk is full; what is wrong with how it ends."""
    problems = []
    for number in range(60):
        before = tool.objects(store)
        result = tool.run(*writing(store, number)[name])
        if result.code == 0:
            continue
        if result.code < 0:
            problems.append(f"ended by signal {-result.code}")
        lines = [line for line in result.errors.splitlines() if line.strip()]
        if len(lines) != 1 or NO_SPACE not in lines[0] or str(store.parent) not in lines[0]:
            problems.append(f"said: {result.errors.strip()}")
        after = tool.objects(store)
        if any(after.get(key) != digest for key, digest in before.items()):
            problems.append("lost what it had")
        return problems
    return ["never filled the disk"]


def check(tool: Tool, base: pathlib.Path, folder: pathlib.Path, name: str) -> list[str]:
    store = folder / "store.h5"
    shutil.copy(base, store)
    shutil.copy(base.parent / "weights.safetensors", folder)
    filler = folder / "filler"
    filler.write_bytes(bytes(FILLER))
    problems = run_until_full(tool, store, name)
    verified = tool.run("verify", store, "--full")
    if verified.code != 0:
        problems.append(f"the store is not sound: {verified.output[-200:]}")
    for made in folder.glob("out*.safetensors"):
        if tool.run("verify", made, "--full").code != 0:
            problems.append(f"{made.name} is not whole")
    filler.unlink()
    again = tool.run("copy", store, "teacher", store, "--as", "after")
    if again.code != 0:
        problems.append(f"with room again: {again.errors.strip()}")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/fulldisk")
    parser.add_argument("--retort", required=True)
    options = parser.parse_args()
    tool, failed, checked = Tool(options.retort), 0, 0
    with tempfile.TemporaryDirectory() as temporary:
        base = pathlib.Path(temporary) / "base.h5"
        make_base(tool, base)
        tool.run("convert", base, base.parent / "weights.safetensors", "--checkpoint", "teacher")
        least = base.stat().st_size + (base.parent / "weights.safetensors").stat().st_size + FILLER + (1 << 20)
        names = ["train", "label", "attack", "convert in", "convert out", "copy", "compact", "train"]
        for step, name in enumerate(names):
            # The sizes differ, so that the disk is full at different moments of a commit.
            size = least + (300 << 10) * step + 4096 * 7 * step
            if name == "compact":
                size = least
            mount = pathlib.Path(temporary) / f"disk{step}"
            mount.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", mount], check=True)
            try:
                problems = check(tool, base, mount, name)
            finally:
                subprocess.run(["umount", mount], check=True)
            checked += 1
            failed += bool(problems)
            print(f"{size >> 10:>8} KiB  {name:<12} {'; '.join(problems) or 'refused in a sentence, nothing lost'}",
                  flush=True)
    print(f"{checked} full disks: {failed} with problems")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
