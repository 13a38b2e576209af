"""The tool as a program, and what a store holds."""

import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import time

DATA = "digits/train[0:256]"
LABELLED = "digits/train[0:2000]"
#: How a journal that waits to be applied ends a file; see docs/store-format.md, section 6.
FOOTER_BYTES, MAGIC = 88, b"RETORTJ1"


@dataclasses.dataclass
class Result:
    code: int
    """The exit code, or minus the signal that ended the process."""
    output: str
    errors: str


class Tool:
    def __init__(self, path: str):
        self.path = str(pathlib.Path(path).resolve())
        self.environment = dict(os.environ, OMP_NUM_THREADS="1")

    def start(self, *arguments) -> subprocess.Popen:
        return subprocess.Popen([self.path, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, env=self.environment)

    def run(self, *arguments) -> Result:
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=120)
        return Result(process.returncode, output, errors)

    def interrupted(self, kind: int, *arguments, moment) -> tuple[Result, object]:
        """Starts a command, and sends the signal when `moment(process)` returns; also gives what that returns."""
        process = self.start(*arguments)
        seen = moment(process)
        if process.poll() is None:
            process.send_signal(kind)
        output, errors = process.communicate(timeout=120)
        return Result(process.returncode, output, errors), seen

    def objects(self, store) -> dict[str, str]:
        """What readers see: digests by kind and name."""
        result = self.run("list", store, "--json")
        if result.code != 0:
            raise RuntimeError(f"list {store}: {result.code} {result.errors.strip()}")
        return {f"{entry['kind']} {entry['name']}": entry["digest"]
                for entry in json.loads(result.output)["objects"]}


def has_journal(path: pathlib.Path) -> bool:
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size < FOOTER_BYTES:
            return False
        file.seek(size - FOOTER_BYTES)
        return file.read(8) == MAGIC


def make_base(tool: Tool, store: pathlib.Path) -> None:
    """A store with everything that commands work on, and some space that was given up."""
    for command in (
        ["train", "--store", store, "--name", "teacher", "--data", DATA, "--architecture", "mlp", "--epochs", 2],
        ["label", "--store", store, "--checkpoint", "teacher", "--data", DATA, "--name", "labels"],
        ["attack", "--store", store, "--checkpoint", "teacher", "--data", "digits/test", "--count", 32,
         "--attack", "fgsm:epsilon=0.1", "--name", "set"],
        ["copy", store, "teacher", store, "--as", "gone"],
        ["remove", store, "gone"],
    ):
        result = tool.run(*command)
        if result.code != 0:
            raise RuntimeError(f"{command}: {result.errors}")


SIGNALS = {-signal.SIGSEGV: "SEGV", -signal.SIGABRT: "ABRT", -signal.SIGBUS: "BUS", -signal.SIGILL: "ILL"}
