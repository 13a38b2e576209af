"""Runs a command and says how it ended, how long it took, how much memory it had and what it opened."""

import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

CALL = re.compile(r'(?P<call>openat|open|execve|socket|connect)\((?:(?P<folder>AT_FDCWD|\d+), )?(?:"(?P<path>[^"]*)")?')


@dataclasses.dataclass
class Outcome:
    code: int
    """The exit code, or minus the signal that ended the process."""
    seconds: float
    peak_mb: float
    text: str


def run(command: list[str]) -> Outcome:
    with tempfile.TemporaryFile("w+b") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    return Outcome(process.returncode, seconds, usage.ru_maxrss / 1024, text)


def touched(command: list[str]) -> set[str] | None:
    """Files that the command opened, programs it started and sockets it made; None without strace."""
    if not shutil.which("strace"):
        return None
    with tempfile.NamedTemporaryFile() as log:
        subprocess.run(["strace", "-f", "-qq", "-e", "trace=open,openat,execve,socket,connect", "-o", log.name,
                        *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        lines = pathlib.Path(log.name).read_text(errors="replace").splitlines()
    found = set()
    for line in lines:
        match = CALL.search(line)
        if match:
            # Also where the call failed: had the file been there, it would have been opened.
            folder = "" if match["folder"] in (None, "AT_FDCWD") else "folder/"
            found.add(f"{match['call']} {folder}{match['path']}")
    return found
