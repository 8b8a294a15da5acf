"""The command as a user runs it: a process of its own, against a sandbox on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

KEY = "KEY_TEST_NOT_A_SECRET"


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def start(*arguments: str, folder: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "portouts", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Read standard error up to the line that contains this text."""
    assert process.stderr is not None
    said = ""
    while text not in said and (line := process.stderr.readline()):
        said += line
    assert text in said
    return said


def run(*arguments: str, folder: Path, **environment: str) -> tuple[int, Mapping[str, Any] | str, str]:
    """Run to the end; return the exit code, standard output (parsed with --json) and standard error."""
    process = start(*arguments, folder=folder, **environment)
    out, err = process.communicate(timeout=600)
    return process.returncode, json.loads(out) if "--json" in arguments and out else out, err
