"""The command in a process that starts at once, so that a kill hits its work and not its imports."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["portouts.cli", "portouts.sync_job", "pandas", "pydantic", "requests"])


def start(*arguments: str, output: Path, chunk_rows: int = 100_000, **environment: str) -> BaseProcess:
    """Start `portouts`; what it prints goes to the file `output`."""
    process = _FORKS.Process(target=_portouts, args=(arguments, output, chunk_rows, environment))
    process.start()
    return process


def _portouts(arguments: tuple[str, ...], output: Path, chunk_rows: int, environment: Mapping[str, str]) -> None:
    with output.open("w") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    os.environ.update(environment)
    from portouts import sync_job
    from portouts.cli import main

    sync_job.CHUNK_ROWS = chunk_rows
    sys.argv = ["portouts", *arguments]
    main()
