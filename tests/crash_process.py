"""The command in a process that starts at once, so that a kill hits its work and not its imports."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from importlib import import_module
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["portouts.commands.app", "portouts.commands.jobs.sync", "pandas", "pydantic", "requests"]
)


class Crash(NamedTuple):
    """Die at the so manieth call of a method, before it or right after it, in whatever thread it is called."""

    method: str
    """`module:Class.method`, or `module:function`, where that module calls it"""
    call: int
    is_after: bool = False


def start(
    *arguments: str, output: Path, batch_rows: int = 100_000, crash: Crash | None = None, **environment: str
) -> BaseProcess:
    """Start `portouts`; what it prints goes to the file `output`."""
    process = _FORKS.Process(target=_portouts, args=(arguments, output, batch_rows, crash, environment))
    process.start()
    return process


def _portouts(
    arguments: tuple[str, ...], output: Path, batch_rows: int, crash: Crash | None, environment: Mapping[str, str]
) -> None:
    with output.open("w") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    os.environ.update(environment)
    from portouts.commands.app import main
    from portouts.commands.jobs.loading import rows

    rows.BATCH_ROWS = batch_rows
    if crash:
        _crash(crash)
    sys.argv = ["portouts", *arguments]
    main()


def _crash(crash: Crash) -> None:
    module, _, path = crash.method.partition(":")
    *owners, name = path.split(".")
    owner = getattr(import_module(module), owners[0]) if owners else import_module(module)
    method, calls = getattr(owner, name), count(1)

    def last(*arguments: Any, **named: Any) -> Any:
        is_now = next(calls) == crash.call
        if is_now and not crash.is_after:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = method(*arguments, **named)
        if is_now:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    setattr(owner, name, last)
