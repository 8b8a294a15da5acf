"""One measured command: wall seconds, CPU seconds and peak memory of its process and of all processes it starts.

The surprise: for a new process the system reports at least the peak memory of its parent, so the parent must stay
small.
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
MESSAGE_LENGTH = 200
MEMORY_SHARE = 0.8  # of the machine; a command that needs more fails, instead of ending the measurement with it


@dataclass(frozen=True)
class Usage:
    """What a command used."""

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float


class RunFailed(Exception):
    """The command failed or exceeded its time; the message states the reason."""


def run_measured(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], minutes: float) -> Usage:
    """Run `python ARGUMENTS` in a folder, which keeps its output; raises `RunFailed`."""
    with (folder / OUTPUT).open("w") as output, (folder / MESSAGES).open("w") as messages:
        began = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, *arguments], cwd=folder, env=environment, stdout=output, stderr=messages
        ) as process:
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (_memory_limit(), _memory_limit()))
            timer = Timer(60 * minutes, process.kill)
            timer.start()
            _, status, used = os.wait4(process.pid, 0)
            wall_seconds = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            timer.cancel()
    if process.returncode:
        is_timeout = wall_seconds >= 60 * minutes
        raise RunFailed(f"not done after {minutes:g} minutes" if is_timeout else _reason(folder, process.returncode))
    return Usage(wall_seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _reason(folder: Path, exit_code: int) -> str:
    """Return the last line that the command wrote to standard error."""
    lines = (folder / MESSAGES).read_text().splitlines() or [f"exit code {exit_code}"]
    return lines[-1][:MESSAGE_LENGTH]


def _memory_limit() -> int:
    return int(MEMORY_SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
