"""Running the tool, and reading what it says."""

import json
import pathlib
import subprocess


class Refused(Exception):
    """The tool declined with a sentence; that is an answer, not a crash."""


class Retort:
    def __init__(self, program: pathlib.Path):
        self.program = program

    def run(self, *arguments) -> subprocess.CompletedProcess:
        result = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True)
        if result.returncode < 0 or result.returncode > 130:
            raise RuntimeError(f"retort {' '.join(map(str, arguments))} died with {result.returncode}")
        return result

    def json(self, *arguments) -> dict:
        result = self.run(*arguments, "--json")
        if result.returncode not in (0, 1):
            raise Refused(result.stderr.strip().removeprefix("retort: "))
        return json.loads(result.stdout)

    def convert(self, source, target, *options) -> None:
        result = self.run("convert", source, target, *options)
        if result.returncode != 0:
            raise Refused(result.stderr.strip().removeprefix("retort: "))

    def digests(self, path) -> dict[str, str]:
        """Tensor name -> content digest."""
        tensors = self.json("inspect", path, "--digests")["tensors"]
        return {tensor["name"]: tensor.get("digest", "-") for tensor in tensors}

    def is_equal(self, a, b, *options) -> bool:
        return self.run("diff", a, b, *options).returncode == 0
