"""One command, measured: wall and CPU seconds and peak memory of its process and of all that it starts.

One surprise: the system's peak of a new process is at least that of its parent, so the parent must stay small.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

OUTPUT, MESSAGES = "output.json", "messages.txt"
LONGEST_MESSAGE = 200
MEMORY_SHARE = 0.8  # of the machine; what wants more fails, instead of taking the measuring down with it


@dataclass(frozen=True)
class Usage:
    """What a command took."""

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float


class Failed(Exception):
    """The command failed, or took too long; the message says why."""


def run_measured(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], minutes: float) -> Usage:
    """Run `python ARGUMENTS` in a folder, where its output is left; raises `Failed`."""
    with (folder / OUTPUT).open("w") as output, (folder / MESSAGES).open("w") as messages:
        began = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, *arguments], cwd=folder, env=environment, stdout=output, stderr=messages
        ) as process:
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (_most_memory(), _most_memory()))
            timer = Timer(60 * minutes, process.kill)
            timer.start()
            _, status, used = os.wait4(process.pid, 0)
            wall_seconds = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            timer.cancel()
    if process.returncode:
        said = (folder / MESSAGES).read_text().splitlines() or [f"exit code {process.returncode}"]
        raise Failed(
            f"not done after {minutes:g} minutes" if wall_seconds >= 60 * minutes else said[-1][:LONGEST_MESSAGE]
        )
    return Usage(wall_seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _most_memory() -> int:
    return int(MEMORY_SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
